"""`make outdated`: which versions are behind, or near the end of their support."""

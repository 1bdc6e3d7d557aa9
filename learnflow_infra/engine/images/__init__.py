"""The images that releases need, and the cache that they come from."""

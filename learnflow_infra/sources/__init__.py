"""Where charts and images come from: references, mirrors, the lock, the cache, bundles."""

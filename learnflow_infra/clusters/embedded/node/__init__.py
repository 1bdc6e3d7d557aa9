"""What runs as the node: its namespaces, mounts, network and supervisor."""

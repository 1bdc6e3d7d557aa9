"""What is refused before anything changes: host, rights, capacity, ports."""

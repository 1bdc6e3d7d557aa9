"""What the host gives to the node: programs, limits, cgroups, addresses."""

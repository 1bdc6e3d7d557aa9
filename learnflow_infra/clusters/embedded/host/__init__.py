"""The host's resources for the node: programs, limits, cgroups, addresses."""

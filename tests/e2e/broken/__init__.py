"""Deployments that cannot become ready, and the expected cause of each."""

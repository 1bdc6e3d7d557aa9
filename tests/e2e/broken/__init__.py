"""Deployments that cannot become ready, and what each has to be called."""

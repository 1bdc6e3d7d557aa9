"""Images of the embedded cluster: built from packages, and imported into its node."""

"""The cluster's components: their options, files, certificates and health."""

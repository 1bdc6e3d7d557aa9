"""The cluster's own binaries, and the toolchain that builds them."""

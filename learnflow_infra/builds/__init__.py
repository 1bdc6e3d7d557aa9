"""Programs built from the Go module cluster-runtime, and the toolchain that builds them."""

"""Proof that releases work: verification, tunnels, and what is recorded of a run."""

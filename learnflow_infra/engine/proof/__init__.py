"""Proof that releases work: verification, tunnels, and the record of a run."""

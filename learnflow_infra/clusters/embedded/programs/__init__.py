"""The programs of the cluster's nodes, built from Go modules."""

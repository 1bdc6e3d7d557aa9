"""Clusters that a deploy can use, and the embedded one, which this project brings itself."""

"""Which cluster a deploy goes to, and the one that this project brings itself."""

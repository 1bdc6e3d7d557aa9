"""Is it ready, and if not, why: pure judgements, and the tracker that feeds them."""

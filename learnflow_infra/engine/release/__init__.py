"""One release: its state, what a deploy changes in it, and how that is done."""

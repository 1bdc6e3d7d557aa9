"""Whether a release is ready, and why not: pure rules, and the waits that apply them."""

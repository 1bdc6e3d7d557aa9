"""The verbs: each takes frozen options, emits events and returns a result."""

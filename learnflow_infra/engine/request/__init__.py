"""What a run works on: options, the plan of releases, charts and values, locks."""

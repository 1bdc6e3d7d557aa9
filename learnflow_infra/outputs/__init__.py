"""What a deploy writes: endpoints, the record, artifacts and the report."""

"""Times as Kubernetes writes them (RFC 3339)."""

from datetime import datetime


def seconds_of(text: str | None) -> float:
    """A time as seconds since 1970; 0 if it is missing or malformed."""
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return 0.0

"""Times as Kubernetes writes them (RFC 3339), and ages as kubectl does."""

import time
from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def utc_now() -> str:
    """The present time, to the second."""
    return utc(time.time())


def utc(seconds: float) -> str:
    """A time, given in seconds since 1970, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def seconds_of(text: str | None) -> float:
    """A time as seconds since 1970; 0 if it is missing or malformed."""
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return 0.0


def age(seconds: float) -> str:
    """Seconds in kubectl's short form: 59s, 3m12s, 5h7m, 2d4h."""
    whole = max(0, int(seconds))
    for unit, big, small, part in (
        ("d", DAY, "h", HOUR),
        ("h", HOUR, "m", MINUTE),
        ("m", MINUTE, "s", 1),
    ):
        if whole >= big:
            return f"{whole // big}{unit}{whole % big // part}{small}"
    return f"{whole}s"

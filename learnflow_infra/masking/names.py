"""Recognise the names of secrets: keys of values, variables, flags, fields of a log line."""

import re
from collections.abc import Sequence

WORDS = (
    r"(?<!by)(?<!com)pass(?!ed|es|ing|ive|thr|port)|pwd|secret|token|credential|jaas|bearer"
    r"|(?:api|access|account|private|encryption|signing|license)[-_.]?key|string[-_.]?data"
)
"""A regular expression for the lower-case words in names of secrets."""
_WORDS = re.compile(WORDS)
_LOCATION = re.compile(
    r"^existing|(name|names|ref|refs|file|files|path|paths|type|policy|seconds|annotations|labels"
    r"|provider|enabled|class|length|keys)$|(password|passwd|token)key$|^(image)?pullsecrets?$"
)
"""Names of references to secrets and of their properties: `existingSecret`, `tokenFile`, ..."""


def is_secret(path: Sequence[str | int]) -> bool:
    """Whether a path leads to a secret: its last name with one of the words is not a reference."""
    for step in reversed(path):
        name = re.sub(r"[^a-z0-9]", "", str(step).lower())
        if _LOCATION.search(name):
            return False
        if _WORDS.search(name):
            return True
    return False

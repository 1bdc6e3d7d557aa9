"""Which names stand for secrets: keys of values, variables, flags, fields of a log line."""

import re
from collections.abc import Sequence

WORDS = (
    r"(?<!by)(?<!com)pass(?!ed|es|ing|ive|thr|port)|pwd|secret|token|credential|jaas|bearer"
    r"|(?:api|access|account|private|encryption|signing|license)[-_.]?key|string[-_.]?data"
)
"""A regular expression for the words, in lower case, that such a name contains."""
_WORDS = re.compile(WORDS)
_LOCATION = re.compile(
    r"^existing|(name|names|ref|refs|file|files|path|paths|type|policy|seconds|annotations|labels"
    r"|provider|enabled|class|length|keys)$|(password|passwd|token)key$|^(image)?pullsecrets?$"
)
"""Names of what describes a secret or tells where it is: `existingSecret`, `tokenFile`, ..."""


def is_secret(path: Sequence[str | int]) -> bool:
    """Whether the last name of a path that contains one of the words stands for a secret."""
    for step in reversed(path):
        name = re.sub(r"[^a-z0-9]", "", str(step).lower())
        if _LOCATION.search(name):
            return False
        if _WORDS.search(name):
            return True
    return False

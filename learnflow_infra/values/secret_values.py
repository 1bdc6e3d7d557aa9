"""Which values look like secrets, and what is shown instead of them.

The rule: a text or number is hidden when

- its key, or a key above it, names a secret (`password`, `token`, `secret`, `apiKey`,
  `credentials`, `stringData`, ...), unless that key names where a secret is, as
  `existingSecret`, `secretName`, `secretKeys`, `adminPasswordKey`, `tokenFile` do;
- it is the `value` of a list's item whose `name` names a secret (environment variables);
- it holds a private key in PEM, or a URL or connection string with a password in it.

Booleans, nulls and empty texts are never hidden. Better too much than too little: the
values themselves are with who typed them, and helm gets them unchanged.
"""

import re
from collections.abc import Sequence
from typing import Any

from learnflow_infra.models import Document

HIDDEN = "***"
_SECRET = re.compile(
    r"passw|passphrase|pgpass|^pass$|pwd|secret|token|credential|apikey|accesskey|privatekey|encryptionkey"
    r"|signingkey|licensekey|stringdata|jaas|htpasswd|bearer"
)
_WHERE = re.compile(
    r"^existing|(name|names|ref|refs|file|files|path|paths|type|policy|seconds|annotations|labels"
    r"|provider|enabled|class|length|keys)$|(password|passwd|token)key$|^(image)?pullsecrets?$"
)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_URL = re.compile(r"(://[^/\s:@]*:)[^@\s]+(@)")
_PAIR = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)(\s*[=:]\s*)(?!\s*[|>]?\s*$)\S+")


def is_secret(path: Sequence[str | int]) -> bool:
    """Whether the key at a path names a secret; the deepest name that speaks of one decides."""
    for step in reversed(path):
        name = re.sub(r"[^a-z0-9]", "", str(step).lower())
        if _WHERE.search(name):
            return False
        if _SECRET.search(name):
            return True
    return False


def masked(value: Any, path: Sequence[str | int] = ()) -> Any:
    """A value, or a whole document, with everything hidden that looks like a secret."""
    if isinstance(value, dict):
        return {key: masked(item, (*path, *_names(value, key))) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, path) for item in value]
    if isinstance(value, bool | None) or value == "":
        return value
    if is_secret(path):
        return HIDDEN
    return _text(value) if isinstance(value, str) else value


def _names(holder: Document, key: str) -> tuple[str, ...]:
    """The names that speak for a key: in `{name: DB_PASSWORD, value: x}`, the name beside it."""
    beside = holder.get("name")
    return (key, beside) if key == "value" and isinstance(beside, str) else (key,)


def _text(text: str) -> str:
    if _PEM.search(text):
        return HIDDEN
    return _PAIR.sub(rf"\1\2{HIDDEN}", _URL.sub(rf"\1{HIDDEN}\2", text))

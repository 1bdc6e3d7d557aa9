"""Mask secrets in a chart's values, and in documents that contain them.

A text or number is masked if

- its key, or a key above it, names a secret (see `names`);
- it is a `value` beside a `name` of a secret, as in environment variables;
- it is a private key in PEM.

In other texts, pairs such as `password=...`, well-known tokens, and passwords of URLs are
masked. Booleans, nulls and empty texts are never masked. Helm gets the values unchanged.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from learnflow_infra.masking.names import is_secret
from learnflow_infra.masking.texts import MASK, masked_pairs

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s]+@")


def masked_values(value: Any, path: Sequence[str | int] = ()) -> Any:
    """A value at a path, or a whole document, with secrets masked."""
    if isinstance(value, dict):
        return {k: masked_values(item, (*path, *_names(value, k))) for k, item in value.items()}
    if isinstance(value, list):
        return [masked_values(item, path) for item in value]
    if isinstance(value, bool | None) or value == "":
        return value
    if is_secret(path):
        return MASK
    return _text(value) if isinstance(value, str) else value


def _names(holder: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The key, and for `{name: DB_PASSWORD, value: x}` also the name beside the value."""
    name = holder.get("name")
    return (key, name) if key == "value" and isinstance(name, str) else (key,)


def _text(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return MASK
    return masked_pairs(_URL_PASSWORD.sub(rf"\1{MASK}@", text))

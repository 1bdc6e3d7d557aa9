"""Secrets out of a chart's values, and of every document that repeats them.

A text or number is hidden when

- its key, or a key above it, means a secret (see `names`);
- it is the `value` of a list's item whose `name` means a secret, as environment variables have;
- it is a private key in PEM.

In other texts, pairs such as `password=...`, well-known tokens, and passwords of URLs are
hidden. Booleans, nulls and empty texts are never hidden. Helm gets the values unchanged.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from learnflow_infra.masking.names import is_secret
from learnflow_infra.masking.texts import MASK, masked_pairs

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s]+@")


def masked_values(value: Any, path: Sequence[str | int] = ()) -> Any:
    """A value at a path, or a whole document, with everything hidden that means a secret."""
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
    """The names of a key: of `{name: DB_PASSWORD, value: x}` the name beside the value, too."""
    beside = holder.get("name")
    return (key, beside) if key == "value" and isinstance(beside, str) else (key,)


def _text(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return MASK
    return masked_pairs(_URL_PASSWORD.sub(rf"\1{MASK}@", text))

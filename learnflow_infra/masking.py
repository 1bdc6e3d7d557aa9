"""Secrets out of what programs say: log lines, messages and events."""

import re

MASK = "***"
_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|account)[-_]?key|credentials?)"
_NAME = rf"[\w.-]*{_WORD}[\w.-]*"
_FLAG = rf"(--?[\w-]*{_WORD}[\w-]*)\s+(?!-)([^\s]+)"
_SIGN = r"\\?[\"']?\s*[=:]\s*"
"""Between a name and its value, also of JSON within a JSON text."""
_QUOTED = r"\\\"[^\"\\]*\\\"|\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|$)", re.DOTALL), MASK),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s]*@", re.IGNORECASE), rf"\1{MASK}@"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),  # AWS
    (re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{20,}|\bglpat-[\w-]{20,}"), MASK),  # GitHub, GitLab
    (re.compile(_FLAG, re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), MASK),  # a JSON web token
    (
        re.compile(rf"([\w.-]*{_WORD}[\w.-]*{_SIGN})({_QUOTED}|[^\s,;&\"']+)", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)


def masked(text: str) -> str:
    """The text without passwords, tokens, keys, and the user part of addresses."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text

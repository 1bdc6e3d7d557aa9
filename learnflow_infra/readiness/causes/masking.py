"""Secrets out of what programs say: log lines, messages and events."""

import re

MASK = "***"
_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|credentials?)"
_FLAG = rf"(--?[\w-]*{_WORD}[\w-]*)\s+(?!-)([^\s]+)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|$)", re.DOTALL), MASK),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s]*@", re.IGNORECASE), rf"\1{MASK}@"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}"), MASK),  # AWS, GitHub
    (re.compile(_FLAG, re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), MASK),  # a JSON web token
    (
        re.compile(
            rf"([\w.-]*{_WORD}[\w.-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)


def masked(text: str) -> str:
    """The text without passwords, tokens, keys, and the user part of addresses."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text

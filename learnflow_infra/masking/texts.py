"""Mask secrets in texts of programs: log lines, messages, events."""

import re

from learnflow_infra.masking.names import WORDS, is_secret

MASK = "***"
_FLAG = re.compile(rf"(--?[\w-]*(?:{WORDS})[\w-]*)\s+(?!-)\S+", re.IGNORECASE)
_SIGN = r"\\?[\"']?\s*[=:]\s*"
"""The separator of a name and its value, also in JSON inside a JSON string."""
_QUOTED = r"\\\"[^\"\\]*\\\"|\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_PAIR = re.compile(
    rf"([\w.-]*(?:{WORDS})[\w.-]*)({_SIGN})(?![|>]?\s*$|[\w.-]+:\s)({_QUOTED}|[^\s,;&\"']+)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKENS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),  # AWS
    (re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{20,}|\bglpat-[\w-]{20,}"), MASK),  # GitHub, GitLab
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), MASK),  # a JSON web token
)
_PEM = re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|$)", re.DOTALL)
_URL_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s]*@", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with passwords, tokens, keys, PEM blocks and the user part of URLs masked."""
    return masked_pairs(_URL_USER.sub(rf"\1{MASK}@", _PEM.sub(MASK, text)))


def masked_pairs(text: str) -> str:
    """The text with well-known tokens, and the values of names of secrets, masked."""
    for pattern, replacement in _TOKENS:
        text = pattern.sub(replacement, text)
    return _PAIR.sub(_pair, _FLAG.sub(_flag, text))


def _flag(match: re.Match[str]) -> str:
    return f"{match[1]} {MASK}" if is_secret([match[1]]) else match[0]


def _pair(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    return f"{name}{sign}{MASK if is_secret(name.split('.')) else masked_pairs(value)}"

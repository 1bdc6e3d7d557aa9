"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as PostgreSQL uses it.

Without channel binding. Python 3.9, standard library only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

MAX_ITERATIONS = 10_000_000
"""A limit against a server that asks for endless work; PostgreSQL's default is 4096."""

_PROHIBITED = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class ScramError(Exception):
    """The server broke the protocol, refused the log-in, or does not know the password."""


class ScramClient:
    """One authentication.

    Args:
        password: as typed; it is prepared by SASLprep, as in PostgreSQL.
        user: "" for PostgreSQL, which uses the startup message's.
        nonce: set only by tests.
        digest: name of the hash; the examples of RFC 5802 use sha1.
    """

    mechanism = "SCRAM-SHA-256"

    def __init__(
        self, password: str, user: str = "", nonce: str = "", digest: str = "sha256"
    ) -> None:
        self._password = prepare(password)
        self._digest = digest
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(18)).decode()
        name = user.replace("=", "=3D").replace(",", "=2C")
        self._first_bare = f"n={name},r={self._nonce}"
        self._server_signature = b""

    def first(self) -> bytes:
        """Return client-first-message."""
        return f"n,,{self._first_bare}".encode()

    def final(self, server_first: bytes) -> bytes:
        """Return client-final-message, the proof that the client knows the password.

        Raises:
            ScramError: server-first-message is malformed or does not extend the client's nonce.
        """
        nonce, salt, iterations = self._challenge(server_first)
        salted = hashlib.pbkdf2_hmac(self._digest, self._password, salt, iterations)
        without_proof = f"c=biws,r={nonce}"
        auth_message = f"{self._first_bare},{server_first.decode()},{without_proof}".encode()
        key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self._digest, key).digest(), auth_message)
        proof = bytes(a ^ b for a, b in zip(key, signature))  # noqa: B905 - Python 3.9
        self._server_signature = self._hmac(self._hmac(salted, b"Server Key"), auth_message)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def finish(self, server_final: bytes) -> None:
        """Check server-final-message, the proof that the server knows the password.

        Raises:
            ScramError: the proof is wrong, or the server refused the log-in.
        """
        fields = _fields(server_final)
        if "e" in fields:
            raise ScramError(f"the server refused: {fields['e']}")
        expected = base64.b64encode(self._server_signature).decode()
        if not self._server_signature or not hmac.compare_digest(fields.get("v", ""), expected):
            raise ScramError("the server's proof is wrong: it does not know the password")

    def _challenge(self, server_first: bytes) -> tuple[str, bytes, int]:
        fields = _fields(server_first)
        nonce = fields.get("r", "")
        if not nonce.startswith(self._nonce) or nonce == self._nonce or "m" in fields:
            raise ScramError("the server's nonce does not extend the client's")
        try:
            salt, iterations = base64.b64decode(fields["s"], validate=True), int(fields["i"])
        except (KeyError, ValueError) as error:
            raise ScramError("the server's challenge is malformed") from error
        if not 0 < iterations <= MAX_ITERATIONS:
            raise ScramError(f"the server asks for {iterations} iterations")
        return nonce, salt, iterations

    def _hmac(self, key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, self._digest).digest()


def prepare(password: str) -> bytes:
    """Prepare a password by SASLprep (RFC 4013), as pg_saslprep does.

    Returns:
        UTF-8; unchanged if the password is ASCII or SASLprep prohibits it.
    """
    raw = password.encode("utf-8", "surrogateescape")
    if password.isascii():
        return raw
    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c)
    )
    text = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not text or any(test(c) for c in text for test in _PROHIBITED) or _mixes_directions(text):
        return raw
    return text.encode("utf-8")


def _mixes_directions(text: str) -> bool:
    """Return whether RFC 3454, section 6, forbids the text."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return any(map(stringprep.in_table_d2, text)) or not ends


def _fields(message: bytes) -> dict[str, str]:
    """Split "r=..,s=..,i=.." into its attributes."""
    try:
        parts = message.decode("utf-8").split(",")
    except UnicodeDecodeError as error:
        raise ScramError("the server's message is not UTF-8") from error
    return {part[:1]: part[2:] for part in parts if part[1:2] == "="}

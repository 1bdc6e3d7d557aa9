"""SCRAM against the RFCs' own examples, and against an imitated server."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pg_scram import MAX_ITERATIONS, ScramClient, ScramError, prepare

RFC_7677 = {
    "nonce": "rOprNGfwEbeRWgbNEkqO",
    "first": b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "challenge": b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "final": b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "proof": b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
}
RFC_5802 = {
    "nonce": "fyko+d2lbbFgONRv9qkxdawL",
    "first": b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "challenge": b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "final": b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "proof": b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
}


@pytest.mark.parametrize(("vector", "digest"), [(RFC_7677, "sha256"), (RFC_5802, "sha1")])
def test_the_examples_of_the_rfcs(vector, digest):
    client = ScramClient("pencil", user="user", nonce=vector["nonce"], digest=digest)
    assert client.first() == vector["first"]
    assert client.final(vector["challenge"]) == vector["final"]
    client.finish(vector["proof"])
    with pytest.raises(ScramError, match="does not know"):
        client.finish(b"v=" + base64.b64encode(b"wrong"))


def test_a_refusal_is_an_error():
    with pytest.raises(ScramError, match="invalid-proof"):
        ScramClient("x").finish(b"e=invalid-proof")


def test_a_proof_before_the_challenge_is_refused():
    with pytest.raises(ScramError):
        ScramClient("x").finish(b"v=")


@pytest.mark.parametrize(
    "challenge",
    [
        b"r=other,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=abc,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=abcd,s=QSXCR+Q6sek8bf92",
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=0",
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=-4096",
        b"r=abcd,s=!!,i=4096",
        b"m=ext,r=abcd,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=%d" % (MAX_ITERATIONS + 1),
        b"\xff\xfe",
        b"",
    ],
)
def test_a_bad_challenge_is_refused(challenge):
    with pytest.raises(ScramError):
        ScramClient("x", nonce="abc").final(challenge)


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("plain", b"plain"),
        ("", b""),
        ("a'b\"\\ $%\t\n", b"a'b\"\\ $%\t\n"),  # ASCII is left alone, control characters too
        ("I\u00adX", b"IX"),  # RFC 4013, section 3
        ("\u00aa", b"a"),
        ("\u2168", b"IX"),
        ("a\u00a0b", b"a b"),
        ("ü\n", "ü\n".encode()),  # prohibited: taken as it is
        ("\u06271", "\u06271".encode()),  # mixed directions: likewise
        ("\u00ad", "\u00ad".encode()),  # nothing would be left: likewise
        ("\udcff", b"\xff"),  # a byte that is not UTF-8
    ],
)
def test_saslprep_as_postgresql_does_it(password, prepared):
    assert prepare(password) == prepared


@given(st.text(max_size=40), st.integers(1, 50), st.binary(min_size=1, max_size=16))
def test_any_password_proves_itself_and_no_other(password, iterations, salt):
    client = ScramClient(password)
    bare = client.first().decode()[3:]
    challenge = f"{bare[3:]}server,s={base64.b64encode(salt).decode()},i={iterations}"
    without_proof, proof = client.final(f"r={challenge[2:]}".encode()).decode().rsplit(",p=", 1)
    auth_message = f"{bare},r={challenge[2:]},{without_proof}".encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepare(password), salt, iterations)
    stored = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    mask = _hmac(stored, auth_message)
    key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), mask, strict=True))
    assert hashlib.sha256(key).digest() == stored
    client.finish(b"v=" + base64.b64encode(_hmac(_hmac(salted, b"Server Key"), auth_message)))


def _hmac(key, text):
    return hmac.new(key, text, "sha256").digest()

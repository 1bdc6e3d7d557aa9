import pytest
from hypothesis import given
from hypothesis import strategies as st

from learnflow_infra.errors import InputError
from learnflow_infra.references import Reference, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "exact"),
    [
        ("postgres", "docker.io/library/postgres:latest", None),
        ("postgres:17", "docker.io/library/postgres:17", None),
        ("bitnami/postgresql:17", "docker.io/bitnami/postgresql:17", None),
        ("docker.io/postgres", "docker.io/library/postgres:latest", None),
        ("index.docker.io/bitnami/x:1", "docker.io/bitnami/x:1", None),
        ("registry-1.docker.io/bitnami/x:1", "docker.io/bitnami/x:1", None),
        ("localhost/x:1", "localhost/x:1", None),
        ("localhost:5000/x", "localhost:5000/x:latest", None),
        ("[::1]:5000/a/b:1", "[::1]:5000/a/b:1", None),
        ("Host/x", "Host/x:latest", None),
        (
            "quay.io/strimzi/kafka:1.2.0-kafka-4.3.1",
            "quay.io/strimzi/kafka:1.2.0-kafka-4.3.1",
            None,
        ),
        (f"quay.io/a/b@{DIGEST}", f"quay.io/a/b@{DIGEST}", None),
        (f"quay.io/a/b:1@{DIGEST}", f"quay.io/a/b:1@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
    ],
)
def test_docker_s_rules(text, full, exact):
    assert str(parse(text)) == full
    assert parse(text).exact == (exact or full)


@pytest.mark.parametrize(
    "text",
    [
        *("", ":1", "x:", "x@", "X/", "a//b", "quay.io/A/b", "x:-1", "x@sha256:12", "a b"),
        *("x:1:2", "https://quay.io/x", "oci://quay.io/x", "-x", "x/-y", "x@md5:" + "a" * 32),
    ],
)
def test_invalid_references_are_refused(text):
    with pytest.raises(InputError, match="not an image reference"):
        parse(text)


PARTS = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,2})[a-z0-9]{1,5})?", fullmatch=True)
REFERENCES = st.builds(
    Reference,
    registry=st.sampled_from(["quay.io", "localhost", "localhost:5000", "[::1]:80", "a.b:1"]),
    repository=st.lists(PARTS, min_size=1, max_size=3).map("/".join),
    tag=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True),
    digest=st.sampled_from(["", DIGEST]),
)


@given(REFERENCES)
def test_a_written_reference_is_read_back(reference):
    assert parse(str(reference)) == reference
    assert parse(reference.exact).exact == reference.exact


@given(st.text(alphabet="aA1.:/@-_[]", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse(text)
    except InputError:
        return
    assert parse(str(found)) == found

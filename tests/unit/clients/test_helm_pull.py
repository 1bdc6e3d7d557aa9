import pytest

from learnflow_infra.clients.helm_pull import explained

REFERENCE = "oci://registry.example:4015/team/demo"
MANIFEST = "https://registry.example:4015/v2/team/demo/manifests/1.0.0"
DENIED = (
    "Error: pull access denied, repository does not exist or may require authorization: "
    "authorization failed: no basic auth credentials"
)
FAILED = f'Error: failed to do request: Head "{MANIFEST}":'
HEAD = f"Error: unexpected status from HEAD request to {MANIFEST}:"
NOT_FOUND = "Error: registry.example:4015/team/demo:1.0.0: not found"


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        (DENIED, "not authorised", "helm registry login registry.example:4015"),
        (f"{HEAD} 403 Forbidden", "not authorised", "helm registry login"),
        (f"{HEAD} 429 Too Many Requests", "rate limit", "log in"),
        (NOT_FOUND, "not found", "skill.yaml"),
        (f"{HEAD} 500 Internal Server Error", "registry in trouble", "--image-mirror"),
        (f"{FAILED} dial tcp: lookup x on 1.2.3.4:53: no such host", "unreachable", "bundle load"),
        (f"{FAILED} x509: certificate signed by unknown authority", "TLS", "SSL_CERT_FILE"),
        (f"{FAILED} http: server gave HTTP response to HTTPS client", "TLS", "plain HTTP"),
    ],
)
def test_helms_words_become_a_fault_and_a_remedy(words, what, remedy):
    error = explained(REFERENCE, "1.0.0", words)
    assert error.what.startswith(f"The chart {REFERENCE} 1.0.0 cannot be pulled: ")
    assert what in error.what
    assert error.why == words
    assert remedy in str(error.remedy)
    assert error.exit_code == 5


def test_a_missing_version_is_reported_with_the_newest_one():
    error = explained(REFERENCE, "1.0.0", NOT_FOUND, "0.9.0")
    assert error.why == f"The newest version in the registry is 0.9.0. {NOT_FOUND}"

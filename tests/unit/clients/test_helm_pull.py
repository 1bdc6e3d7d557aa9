import pytest

from learnflow_infra.clients.helm_pull import ChartMissingError, explained

REFERENCE = "oci://registry.example:4015/team/demo"
MANIFEST = "https://registry.example:4015/v2/team/demo/manifests/1.0.0"
DENIED = (
    "Error: pull access denied, repository does not exist or may require authorization: "
    "authorization failed: no basic auth credentials"
)
FAILED = f'Error: failed to do request: Head "{MANIFEST}":'
HEAD = f"Error: unexpected status from HEAD request to {MANIFEST}:"


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        (DENIED, "does not give the chart", "helm registry login registry.example:4015"),
        (f"{HEAD} 403 Forbidden", "does not give the chart", "helm registry login"),
        (f"{HEAD} 429 Too Many Requests", "limits how often", "log in"),
        ("Error: registry.example:4015/team/demo:1.0.0: not found", "has no chart", "skill.yaml"),
        (f"{HEAD} 500 Internal Server Error", "cannot be pulled", "--image-mirror"),
        (f"{FAILED} dial tcp: lookup x on 1.2.3.4:53: no such host", "cannot be", "bundle load"),
        (f"{FAILED} x509: certificate signed by unknown authority", "trusted", "SSL_CERT_FILE"),
        (f"{FAILED} http: server gave HTTP response to HTTPS client", "trusted", "plain HTTP"),
    ],
)
def test_helms_words_become_a_cause_and_a_remedy(words, what, remedy):
    error = explained(REFERENCE, "1.0.0", words)
    assert what in error.what
    assert REFERENCE in error.what
    assert error.why.endswith(words)
    assert remedy in str(error.remedy)
    assert error.exit_code == 5


def test_a_number_in_an_address_or_a_digest_is_no_status():
    """401, 403 and 429 stand in a port or a digest as often as anything."""
    digest = "sha256:" + "401403429" * 7 + "0"
    error = explained(
        REFERENCE, digest, f"Error: registry.example:401/team/403@{digest}: not found"
    )
    assert isinstance(error, ChartMissingError)

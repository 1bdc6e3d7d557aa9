import pytest

from learnflow_infra.clients.registry_faults import Fault, classify

HUB = "reading manifest 17.6.0 in docker.io/bitnami/postgresql:"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (f"{HUB} manifest unknown: manifest unknown", Fault.missing),
        (f"{HUB} name unknown: repository not found", Fault.missing),
        (f"{HUB} unauthorized: authentication required", Fault.forbidden),
        (f"{HUB} denied: requested access to the resource is denied", Fault.forbidden),
        (f"{HUB} errors: denied: x unauthorized: authentication required", Fault.forbidden),
        (f"{HUB} toomanyrequests: You have reached your pull rate limit", Fault.limited),
        ('pinging container registry x: Get "https://x/v2/": x509: unknown authority', Fault.tls),
        ("http: server gave HTTP response to HTTPS client", Fault.tls),
        ("dial tcp 127.0.0.1:1: connect: connection refused", Fault.unreachable),
        ("dial tcp: lookup x on 10.0.0.1:53: no such host", Fault.unreachable),
        ("timeout: no end within 20 s", Fault.unreachable),
        ("read tcp 1.2.3.4:5->6.7.8.9:443: read: connection reset by peer", Fault.passing),
        ("received unexpected HTTP status: 503 Service Unavailable", Fault.passing),
        ("something new", Fault.other),
    ],
)
def test_what_skopeo_s_words_mean(words, fault):
    assert classify(words) is fault

import pytest

from learnflow_infra.clients.api_errors import ApiError, refusal
from learnflow_infra.readiness.watched import COLLECTIONS, paths


class Api:
    """The discovery of one group, with a cluster-wide kind."""

    def __init__(self):
        self.requests = []

    def resources(self, api_version):
        self.requests.append(api_version)
        if "broken" in api_version:
            raise refusal(500, "broken")
        if api_version != "example.org/v1":
            return []
        return [
            {"kind": "Widget", "name": "widgets", "namespaced": True},
            {"kind": "Widget", "name": "widgets/status", "namespaced": True},
            {"kind": "Issuer", "name": "issuers", "namespaced": False},
            {"kind": "Service", "name": "services", "namespaced": True},
        ]


ALWAYS = [path.format("n") for path in COLLECTIONS.values()]


@pytest.mark.parametrize(
    ("kind", "collections"),
    [
        (("example.org/v1", "Widget"), ["/apis/example.org/v1/namespaces/n/widgets"]),
        (("example.org/v1", "Issuer"), ["/apis/example.org/v1/issuers"]),
        (("example.org/v1", "Service"), ["/apis/example.org/v1/namespaces/n/services"]),
        (("example.org/v1", "Unknown"), []),
        (("other.example.org/v1", "Widget"), []),
        (("v1", "Service"), ["/api/v1/namespaces/n/services"]),
        (("apps/v1", "Deployment"), []),
        (("networking.k8s.io/v1", "NetworkPolicy"), []),
    ],
)
def test_the_collection_of_a_kind(kind, collections):
    assert paths(Api(), "n", [kind]) == [*collections, *ALWAYS]


def test_only_served_kinds_are_cached():
    api = Api()
    for _ in range(2):
        paths(api, "n", [("example.org/v1", "Widget"), ("later.example.org/v1", "Widget")])
    assert api.requests.count("example.org/v1") == 1
    assert api.requests.count("later.example.org/v1") == 2
    for _ in range(2):
        paths(api, "n", [("example.org/v1", "Later")])
    assert api.requests.count("example.org/v1") == 3


def test_an_error_of_the_api_server_is_not_a_missing_kind():
    with pytest.raises(ApiError):
        paths(Api(), "n", [("broken.example.org/v1", "Widget")])

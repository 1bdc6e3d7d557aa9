import pytest

from learnflow_infra.clients.api_errors import ApiError, refusal
from learnflow_infra.readiness.watched import COLLECTIONS, paths


class Api:
    """Serves one group, of which one kind belongs to no namespace."""

    def __init__(self):
        self.asked = []

    def resources(self, api_version):
        self.asked.append(api_version)
        if "broken" in api_version:
            raise refusal(500, "in trouble")
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
    ("kind", "found"),
    [
        (("example.org/v1", "Widget"), ["/apis/example.org/v1/namespaces/n/widgets"]),
        (("example.org/v1", "Issuer"), ["/apis/example.org/v1/issuers"]),
        (("example.org/v1", "Service"), ["/apis/example.org/v1/namespaces/n/services"]),
        (("example.org/v1", "Unheard"), []),
        (("other.example.org/v1", "Widget"), []),
        (("v1", "Service"), ["/api/v1/namespaces/n/services"]),
        (("apps/v1", "Deployment"), []),
        (("networking.k8s.io/v1", "NetworkPolicy"), []),
    ],
)
def test_where_the_objects_of_a_kind_are(kind, found):
    assert paths(Api(), "n", [kind]) == [*found, *ALWAYS]


def test_what_is_served_is_asked_for_once_and_what_is_not_again():
    api = Api()
    for _ in range(2):
        paths(api, "n", [("example.org/v1", "Widget"), ("later.example.org/v1", "Widget")])
    assert api.asked.count("example.org/v1") == 1
    assert api.asked.count("later.example.org/v1") == 2
    for _ in range(2):
        paths(api, "n", [("example.org/v1", "Later")])
    assert api.asked.count("example.org/v1") == 3


def test_an_api_server_in_trouble_is_no_missing_kind():
    with pytest.raises(ApiError):
        paths(Api(), "n", [("broken.example.org/v1", "Widget")])

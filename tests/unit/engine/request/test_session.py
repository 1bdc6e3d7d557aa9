import os

from learnflow_infra.engine.request import session


def test_a_node_on_this_host_is_reached_past_proxies(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("no_proxy", "")
    session._past_proxies("10.213.0.2")
    session._past_proxies("10.213.0.2")
    assert os.environ["NO_PROXY"] == "localhost,10.213.0.2"
    assert os.environ["no_proxy"] == "10.213.0.2"

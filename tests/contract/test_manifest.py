"""How often a deploy parses manifests."""

from collections import Counter

import pytest

from learnflow_infra.clients import manifest
from learnflow_infra.engine.release import changes
from tests.contract.demo import checked, converge_compared, prepared, release_of
from tests.contract.demo_skill import gate_open

__all__ = ["gate_open"]

pytestmark = [pytest.mark.contract, pytest.mark.usefixtures("gate_open")]


@pytest.fixture
def parsed(monkeypatch):
    """How often the YAML reader read each text."""
    texts = Counter()
    read = manifest.parse_all

    def count(text):
        texts[text] += 1
        return read(text)

    monkeypatch.setattr(manifest, "parse_all", count)
    return texts


def deploy(session, release, values):
    """The steps of a deploy that use a manifest: compare, check, upgrade, wait and write it."""
    comparison = checked(session, prepared(release, values))
    return changes.redacted(converge_compared(session, comparison).manifest)


def test_each_manifest_of_a_changed_release_is_parsed_once(session, tmp_path, parsed):
    release = release_of(tmp_path)
    deploy(session, release, {})
    parsed.clear()
    written = deploy(session, release, {"greeting": "bye"})
    assert "bye" in written
    manifests = {text: count for text, count in parsed.items() if "kind: ConfigMap" in text}
    assert set(manifests.values()) == {1}
    assert len(manifests) == 4  # live, desired, desired again for what helm invents, upgraded


def test_a_rendered_manifest_is_parsed_once(session, tmp_path, parsed):
    release = release_of(tmp_path)
    (tmp_path / "templates/secret.yaml").unlink()  # whose password is another each time
    deploy(session, release, {"greeting": "good day"})
    manifests = {text: count for text, count in parsed.items() if "good day" in text}
    assert list(manifests.values()) == [1]

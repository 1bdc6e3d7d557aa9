"""What the user reads if the node does not take an image."""

import pytest

from learnflow_infra.clusters.embedded.node import runtime
from learnflow_infra.clusters.embedded.node.node_processes import Node
from learnflow_infra.errors import ArtifactError, HostError

NODE = Node(outer=1, outer_start=1, init=1, init_start=1, boot="boot")
CUT = "node-images: short read: unexpected EOF"
FULL = "node-images: failed to extract layer: write /data: no space left on device"


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "images.tar"
    path.write_bytes(b"data")
    return path


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node without images; the text of `refusal` is what an import says before it fails."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "nsenter").write_text(
        f'#!/bin/sh\ncase "$*" in *import) cat {tmp_path}/refusal >&2; exit 1;; esac\n'
    )
    (tmp_path / "nsenter").chmod(0o755)
    return tmp_path / "refusal"


@pytest.mark.parametrize(
    ("refusal", "error", "next_step"),
    [(CUT, ArtifactError, "remove the cached images first: rm -rf "), (FULL, HostError, "df -h ")],
)
def test_a_refused_archive_names_the_images_the_reason_and_what_to_do(
    node, archive, refusal, error, next_step
):
    node.write_text(refusal)
    for load in (
        lambda: runtime.import_archive(NODE, archive, ["registry/a:1"]),
        lambda: runtime.import_missing(NODE, {"registry/a:1": archive}),
    ):
        with pytest.raises(error) as raised:
            load()
        assert raised.value.what == "The node's containerd did not take registry/a:1."
        assert raised.value.why == refusal
        assert next_step in raised.value.remedy

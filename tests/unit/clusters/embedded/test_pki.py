"""Certificates and kubeconfigs, with a stand-in for kubeadm."""

import subprocess
import sys

from learnflow_infra.clients import retry
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import pki
from learnflow_infra.system import locks

KUBEADM = """\
#!/bin/sh
touch "$0.started"
until [ -e "$0.continue" ]; do sleep 0.01; done
touch "$0.written"
"""
UP = """
import sys
from pathlib import Path
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import pki
pki.ensure(cluster_files.Layout(root=Path(sys.argv[1])), Path(sys.argv[2]), "dev")
"""


def test_a_kubeadm_that_outlives_its_caller_keeps_the_lock(tmp_path):
    kubeadm = tmp_path / "kubeadm"
    kubeadm.write_text(KUBEADM)
    kubeadm.chmod(0o755)
    resume = (tmp_path / "kubeadm.continue").touch
    try:
        with subprocess.Popen([sys.executable, "-c", UP, tmp_path, kubeadm]) as up:
            retry.poll((tmp_path / "kubeadm.started").exists, until=bool, seconds=60)
            up.kill()
        with locks.hold(tmp_path / "pki.lock", resume):
            assert (tmp_path / "kubeadm.written").exists()
    finally:
        resume()


ISSUE = """\
#!/bin/sh
case "$*" in
  "init phase certs all"*) mkdir -p "${0%/*}/pki" ;;
  "init phase kubeconfig "*) echo '{clusters: [{}], users: [{}]}' >"$6/$4.conf" ;;
  "kubeconfig user --client-name "*) echo "of $4" ;;
esac
echo "$*" >>"$0.calls"
"""


def test_an_existing_cluster_gets_the_kubeconfig_of_a_new_component(tmp_path):
    kubeadm = tmp_path / "kubeadm"
    kubeadm.write_text(ISSUE)
    kubeadm.chmod(0o755)
    layout = cluster_files.Layout(root=tmp_path)
    layout.conf.mkdir()
    pki.ensure(layout, kubeadm, "dev")
    issued = (layout.pki / "issued").stat().st_mtime_ns
    (layout.conf / "coredns.conf").unlink()
    (tmp_path / "kubeadm.calls").unlink()
    pki.ensure(layout, kubeadm, "dev")
    assert (layout.conf / "coredns.conf").read_text() == "of system:coredns\n"
    assert len((tmp_path / "kubeadm.calls").read_text().splitlines()) == 1
    assert (layout.pki / "issued").stat().st_mtime_ns == issued  # they are renewed in time

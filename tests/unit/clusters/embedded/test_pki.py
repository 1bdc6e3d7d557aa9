"""Certificates and kubeconfigs, with a stand-in for kubeadm."""

import subprocess
import sys

from learnflow_infra.clients import retry
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

"""`make setup` finds a wheel of every package, by its hash, on every supported platform."""

import subprocess
import sys

import pytest

from learnflow_infra.paths import repo_root

pytestmark = pytest.mark.full
PLATFORMS = {
    "Linux x86-64": ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"],
    "Linux arm64": ["manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"],
    "macOS arm64": ["macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_10_9_universal2"],
    "macOS x86-64": ["macosx_10_9_x86_64", "macosx_10_13_x86_64", "macosx_10_15_x86_64"],
}


@pytest.mark.parametrize("tags", PLATFORMS.values(), ids=PLATFORMS)
def test_every_pinned_package_has_a_wheel(tags, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    platform = [word for tag in tags for word in ("--platform", tag)]
    python = ["--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:"]
    pins = ["--no-deps", "--require-hashes", "-r", str(repo_root() / "constraints.txt")]
    words = [*pip, *platform, *python, "--target", str(tmp_path), *pins]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""What `make setup` installs, on every platform that it supports."""

import re

import pytest

from learnflow_infra.paths import repo_root

PIN = re.compile(r"^(\S+)==\S+[^\n]*\\\n((?:    --hash=\S+(?: \\)?\n?)+)", re.MULTILINE)
FOR_ALL = {"certifi"}
"""Packages whose release is one file, a wheel for every platform (py3-none-any)."""


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt"])
def test_no_package_is_pinned_to_the_file_of_one_platform(name):
    text = (repo_root() / name).read_text()
    pins = dict(PIN.findall(text))
    assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE))
    single = {package for package, hashes in pins.items() if hashes.count("--hash=") < 2}
    assert single <= FOR_ALL


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt"])
def test_no_index_is_named(name):
    assert "://" not in (repo_root() / name).read_text()

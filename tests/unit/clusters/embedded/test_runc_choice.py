"""Which runc nodes run, by what the host has and its distribution offers."""

import gzip

import pytest

from learnflow_infra.clusters.embedded.host import requirements, runc_choice
from learnflow_infra.clusters.embedded.host.runc_choice import Facts, Source

BACKPORT = "runc (1.1.5+ds1-1+deb12u2)\n  * " + "\n  * ".join(runc_choice.FIXES)
DEBIAN_12 = "runc version 1.1.5+ds1"


@pytest.mark.parametrize(
    ("version", "changelog", "fixed"),
    [
        (DEBIAN_12, "runc (1.1.5+ds1-1+deb12u1)\n  * CVE-2024-21626", False),
        (DEBIAN_12, BACKPORT, True),
        ("runc version 1.1.15+ds1", BACKPORT.replace("CVE-2025-52881", "CVE-2026-41579"), False),
        ("runc version 1.2.7", "", False),
        ("runc version 1.2.8", "", True),
        ("runc version 1.3.2", "", False),
        ("runc version 1.3.3-0ubuntu1~24.04.3", "", True),
        ("runc version 1.4.0-rc.2", "", False),
        ("runc version 1.4.0-rc.3", "", True),
        ("runc version 1.4.0", "", True),
        ("runc version 1.5.2", "", True),
        ("runc version 2.0.0-rc.1", "", True),
        ("1.3.6+ds1-1", "", True),
        ("1.1.15+ds1-2+deb13u1", "", False),
        ("1.4.0~rc.2+ds1-1", "", False),
        ("1.4.0~rc3+ds1-1", "", True),
        ("crun version 1.8.1", BACKPORT, False),
        ("", "", False),
    ],
)
def test_a_version_or_the_changelog_says_that_it_has_the_fixes(version, changelog, fixed):
    assert runc_choice.is_fixed(version, changelog) is fixed


@pytest.mark.parametrize(
    ("installed", "changelog", "offered", "source"),
    [
        ("runc version 1.3.3-0ubuntu1", "", "", Source.host),
        (DEBIAN_12, BACKPORT, "", Source.host),
        (DEBIAN_12, "", "", Source.build),
        ("", "", "1.3.3-0ubuntu1~24.04.3", Source.package),
        ("", "", "1.1.15+ds1-2+deb13u1", Source.build),
        ("", "", "", Source.build),
        (DEBIAN_12, "", "1.3.6+ds1-1", Source.build),  # no program of the host is replaced
    ],
)
def test_the_hosts_is_taken_then_a_fixed_package_then_a_build(
    installed, changelog, offered, source
):
    facts = Facts(installed=installed, changelog=changelog, offered=offered)
    assert runc_choice.choose(facts) is source


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host whose only programs are those of a folder."""
    monkeypatch.setattr(
        requirements,
        "program",
        lambda name: path if (path := tmp_path / name).exists() else None,
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    script(tmp_path / "apt-cache", "echo 'Package: runc'; echo 'Version: 1.3.6+ds1-1'")
    return tmp_path


def test_without_runc_apt_is_asked_what_it_has(host):
    assert runc_choice.facts() == Facts(installed="", changelog="", offered="1.3.6+ds1-1")
    assert runc_choice.fixed(runc_choice.facts()) is None
    script(host / "apt-cache", "exit 100")
    assert runc_choice.facts().offered == ""


def test_apt_is_asked_only_if_its_offer_matters(host, monkeypatch):
    monkeypatch.setattr(runc_choice, "output", lambda _: pytest.fail("a program was run"))
    assert runc_choice.facts(ask_apt=False) == Facts(installed="", changelog="", offered="")


def test_the_hosts_runc_says_its_version(host, monkeypatch):
    program = script(host / "runc", "echo 'runc version 1.1.5+ds1'; echo 'go: go1.19.8'")
    (host / "changelog").write_bytes(gzip.compress(BACKPORT.encode()))
    monkeypatch.setattr(runc_choice, "_CHANGELOG", host / "changelog")
    assert runc_choice.version(program) == "v1.1.5+ds1"
    assert runc_choice.fixed(runc_choice.facts()) is None  # another program's changelog
    monkeypatch.setattr(runc_choice, "_PACKAGED", program)
    assert runc_choice.fixed(runc_choice.facts()) == program


@pytest.mark.parametrize(
    "damaged", [b"text", b"", gzip.compress(b"text", mtime=0)[:-9], b"\x1f\x8b\x08" + b"x" * 40]
)
def test_a_damaged_changelog_names_no_fix(host, monkeypatch, damaged):
    program = script(host / "runc", "echo 'runc version 1.1.5+ds1'")
    (host / "changelog").write_bytes(damaged)
    monkeypatch.setattr(runc_choice, "_CHANGELOG", host / "changelog")
    monkeypatch.setattr(runc_choice, "_PACKAGED", program)
    assert runc_choice.fixed(runc_choice.facts()) is None


def test_a_runc_that_does_not_run_is_not_replaced(host):
    script(host / "runc", "exit 1")
    assert runc_choice.choose(runc_choice.facts()) is Source.build

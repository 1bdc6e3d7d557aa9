import re

import pytest

from learnflow_infra.clusters.embedded.programs import binary, toolchain
from learnflow_infra.errors import ArtifactError, HostError


def test_the_version_comes_from_the_module_itself():
    assert re.fullmatch(r"v1\.37\.\d+", binary.version())


def test_the_linker_sets_the_version_that_charts_compare():
    flags = binary.linker_flags("v1.37.2")
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion=v1.37.2" in flags
        assert f"-X {package}.gitMajor=1" in flags
        assert f"-X {package}.gitMinor=37" in flags


SOURCES = (("go.mod", b"a"), ("main.go", b"b"))


@pytest.mark.parametrize(
    ("flags", "sources"),
    [
        ("other", SOURCES),
        ("flags", (("go.mod", b"a"), ("main.go", b"c"))),
        ("flags", (("go.mod", b"a"), ("other.go", b"b"))),
        ("flags", (("go.mod", b"ab"), ("main.go", b""))),
        ("flags", SOURCES[:1]),
    ],
)
def test_every_input_changes_the_key(flags, sources):
    assert binary.digest(flags, sources) != binary.digest("flags", SOURCES)


def test_the_same_inputs_have_the_same_key():
    assert binary.key() == binary.key()
    assert binary.digest("flags", SOURCES) == binary.digest("flags", list(SOURCES))


def test_a_go_test_is_no_input(tmp_path, monkeypatch):
    (tmp_path / "go.mod").write_text("require k8s.io/kubernetes v1.2.3\n")
    (tmp_path / "go.sum").touch()
    monkeypatch.setattr(binary, "source", lambda: tmp_path)
    before = binary.key()
    (tmp_path / "main_test.go").touch()
    assert binary.key() == before
    (tmp_path / "main.go").touch()
    assert binary.key() != before


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go1.24", (1, 24)),
        ("gccgo", ()),
    ],
)
def test_go_versions(text, version):
    assert toolchain.version_of(text) == version


def test_the_required_version_is_the_go_line_and_not_the_godebug_one():
    assert toolchain.required("module x\n\ngo 1.24.0\n\ngodebug default=go1.20\n") == (1, 24, 0)


def test_the_packaged_toolchain_can_build_the_module():
    packaged = toolchain.version_of("go" + toolchain.PACKAGE.partition("==")[2])
    assert packaged >= toolchain.required((binary.source() / "go.mod").read_text())


@pytest.mark.parametrize(("own", "used"), [(None, "400"), ("100", "100")])
def test_the_compiler_collects_less_often_unless_the_user_says_otherwise(own, used, monkeypatch):
    monkeypatch.delenv("GOGC", raising=False)
    if own:
        monkeypatch.setenv("GOGC", own)
    assert toolchain.environment()["GOGC"] == used


def fake_go(tmp_path, text, code):
    script = tmp_path / "go"
    script.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit {code}\n")
    script.chmod(0o755)
    return script


def test_a_full_disk_is_the_hosts_error(tmp_path):
    go = fake_go(tmp_path, "write /x: no space left on device", 1)
    with pytest.raises(HostError) as caught:
        list(binary._go(go, ["build"], {}))
    assert "run the same command again" in str(caught.value.remedy)


def test_a_failed_build_reports_that_it_will_be_continued(tmp_path):
    go = fake_go(tmp_path, "dial tcp: lookup failed", 1)
    with pytest.raises(ArtifactError) as caught:
        list(binary._go(go, ["build"], {}))
    assert "lookup failed" in caught.value.why
    assert "continues where it stopped" in str(caught.value.remedy)

import pytest

from learnflow_infra.builds import go_module, toolchain
from learnflow_infra.builds.go_module import Build
from learnflow_infra.errors import ArtifactError, HostError

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
    assert go_module.digest(flags, sources) != go_module.digest("flags", SOURCES)


def test_the_same_inputs_have_the_same_key():
    assert go_module.digest("flags", SOURCES) == go_module.digest("flags", list(SOURCES))


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


def test_a_go_is_asked_for_its_own_version(tmp_path, monkeypatch):
    """With GOTOOLCHAIN it would answer, or download, another one's."""
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\n[ "$GOTOOLCHAIN" = local ] && echo "go version go1.27.0"\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("GOTOOLCHAIN", "go1.30.0")
    assert toolchain.find("module x\n\ngo 1.26.8\n") == go


def test_the_packaged_toolchain_can_build_the_module():
    packaged = toolchain.version_of("go" + toolchain.PACKAGE.partition("==")[2])
    assert packaged >= toolchain.required((go_module.source() / "go.mod").read_text())


@pytest.mark.parametrize(("own", "used"), [(None, "400"), ("100", "100")])
def test_the_compiler_collects_less_often_unless_the_user_says_otherwise(own, used, monkeypatch):
    monkeypatch.delenv("GOGC", raising=False)
    if own:
        monkeypatch.setenv("GOGC", own)
    assert toolchain.environment()["GOGC"] == used


def test_the_required_version_is_the_go_line_and_not_the_godebug_one():
    assert toolchain.required("module x\n\ngo 1.24.0\n\ngodebug default=go1.20\n") == (1, 24, 0)


def go(folder, script):
    """A go of these lines of shell below a folder."""
    program = folder / "go"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    "on_path", ["echo No version is set for go >&2; exit 126", "echo go1.19.8", "echo gccgo"]
)
def test_a_go_that_cannot_build_it_is_passed_over(tmp_path, monkeypatch, on_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    go(tmp_path / "path", on_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/usr/bin:/bin")
    own = go(tmp_path / "learnflow-infra/tools/go/go/bin", "echo go version go1.27.3 x/y")
    assert toolchain.find("go 1.26.8\n") == own


def test_without_go_the_version_that_is_needed_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain.sys, "executable", str(go(tmp_path, "echo no index; exit 1")))
    with pytest.raises(HostError, match=r"Go 1.26.8 is not there, and cannot be") as refused:
        toolchain.find("go 1.26.8\n")
    assert str(refused.value.why).endswith("\nno index")
    assert refused.value.remedy == "Install Go 1.26.8 or newer."


BUILD = Build(what="It", packages=["./x"], linker_flags="", disk=1)


def fake_go(tmp_path, text, code):
    script = tmp_path / "go"
    script.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit {code}\n")
    script.chmod(0o755)
    return script


def test_a_full_disk_is_the_hosts_error(tmp_path):
    go = fake_go(tmp_path, "write /x: no space left on device", 1)
    with pytest.raises(HostError) as caught:
        list(go_module._go(go, ["build"], BUILD))
    assert "run the same command again" in str(caught.value.remedy)


def test_a_failed_build_reports_that_it_will_be_continued(tmp_path):
    go = fake_go(tmp_path, "dial tcp: lookup failed", 1)
    with pytest.raises(ArtifactError) as caught:
        list(go_module._go(go, ["build"], BUILD))
    assert "lookup failed" in caught.value.why
    assert "continues where it stopped" in str(caught.value.remedy)

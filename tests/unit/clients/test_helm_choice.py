"""Which helm is chosen; stand-ins report versions."""

import os
import re

import pytest

from learnflow_infra.builds import go_module, toolchain
from learnflow_infra.clients import helm_build, helm_choice, helm_program, helm_version
from learnflow_infra.clients.helm_choice import Origin, Program
from learnflow_infra.dialect import HELM_3, HELM_4
from learnflow_infra.errors import FoundationError, HostError, InputError
from learnflow_infra.events import Message, ignore


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, no name of a helm, and an empty PATH but for the stand-ins."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LEARNFLOW_HELM", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    another_process()
    return tmp_path / "cache"


def another_process():
    """Forget what a process remembers."""
    helm_version._remembered.cache_clear()
    helm_build._key.cache_clear()
    helm_choice._failures.clear()


def helm(folder, version="v4.3.1", name="helm", mode=0o755):
    """A stand-in that reports a version, and writes each of its runs to a file."""
    program = folder / "bin" / name
    program.write_text(f"#!/bin/sh\necho run >>{folder}/runs\necho {version}\n")
    program.chmod(mode)
    return program


def runs(folder):
    return (folder / "runs").read_text().count("run") if (folder / "runs").exists() else 0


def built():
    helm_build.program().parent.mkdir(parents=True)
    helm_build.program().write_text("")


@pytest.fixture
def no_go(monkeypatch):
    def fail(_go_mod):
        raise HostError(
            "Go cannot be installed.",
            why="no registry answers",
            remedy="Ask the administrator of this machine.",
        )

    monkeypatch.setattr(toolchain, "find", fail)


def test_a_variable_names_the_helm_program_by_its_path_or_its_name_on_path(tmp_path, monkeypatch):
    program = helm(tmp_path, name="own-helm")
    built()
    for words in (str(program), "own-helm"):
        monkeypatch.setenv("LEARNFLOW_HELM", words)
        chosen = Program(path=str(program), version="4.3.1", origin=Origin.named)
        assert helm_choice.ensure() == helm_choice.expected() == chosen
        assert helm_program.executable() == str(program)


@pytest.mark.parametrize("words", ["absent-helm", "/absent/helm", "/", "own-helm"])
def test_a_named_helm_that_cannot_be_run_is_wrong_input(tmp_path, monkeypatch, words):
    helm(tmp_path, name="own-helm", mode=0o644)
    monkeypatch.setenv("LEARNFLOW_HELM", words)
    with pytest.raises(InputError, match="LEARNFLOW_HELM names no program") as refused:
        helm_choice.expected()
    assert words in refused.value.what


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("v2.17.0", "It is version 2.17.0."),
        ("", "It reports no version.\nIt printed: ''"),
        ("go1.26.8", "It reports no version.\nIt printed: 'go1.26.8'"),
        ("; echo no library >&2; exit 5", "helm failed (exit 5)."),
    ],
)
def test_what_is_no_helm_of_version_3_or_newer_is_wrong_input(tmp_path, monkeypatch, version, why):
    monkeypatch.setenv("LEARNFLOW_HELM", str(helm(tmp_path, version)))
    refusal = "LEARNFLOW_HELM names no helm of version 3 or newer"
    with pytest.raises(InputError, match=refusal) as refused:
        helm_choice.expected()
    assert str(refused.value.why).startswith(why)
    assert ("no library" in str(refused.value.why)) == ("exit" in version)


@pytest.mark.parametrize(
    ("version", "tested", "dialect"),
    [
        ("v4.3.1", True, HELM_4),
        ("v4.3.9+ga1b2", True, HELM_4),
        ("v3.22.0", True, HELM_3),
        ("v3.17.3", False, HELM_3),
        ("v4.4.0-rc.1", False, HELM_4),
        ("v5.0.0", False, HELM_4),
    ],
)
def test_another_version_than_a_tested_one_is_one_warning(
    tmp_path, monkeypatch, version, tested, dialect
):
    monkeypatch.setenv("LEARNFLOW_HELM", str(helm(tmp_path, version)))
    lines = []
    program = helm_choice.ensure(lines.append)
    helm_choice.warn(lines.append)
    assert (program.is_tested, program.dialect) == (tested, dialect)
    texts = [] if tested else [f"Warning: helm {version[1:]} (LEARNFLOW_HELM) is not tested; "]
    assert [line.text[: len(text)] for line, text in zip(lines, texts, strict=True)] == texts


def test_the_version_of_a_file_is_asked_once(tmp_path, monkeypatch):
    program = helm(tmp_path)
    monkeypatch.setenv("LEARNFLOW_HELM", str(program))
    for _ in range(3):
        another_process()
        assert helm_choice.expected().version == "4.3.1"
    assert runs(tmp_path) == 1
    helm(tmp_path, "v3.22.0")
    os.utime(program, ns=(1, 1))
    assert helm_choice.expected().version == "3.22.0"


def test_what_failed_to_report_a_version_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setenv("LEARNFLOW_HELM", str(helm(tmp_path, "")))
    for _ in range(2):
        another_process()
        with pytest.raises(InputError):
            helm_choice.expected()
    assert runs(tmp_path) == 2


def test_the_built_helm_starts_no_process_for_its_version(tmp_path, monkeypatch):
    helm(tmp_path, "v3.22.0")
    built()
    monkeypatch.setattr(helm_choice, "version_of", lambda _: pytest.fail("asked"))
    program = helm_choice.ensure()
    assert (program.origin, program.path) == (Origin.built, str(helm_build.program()))
    assert re.fullmatch(r"4\.3\.\d+", program.version)
    assert program.is_tested


@pytest.mark.usefixtures("no_go")
def test_without_go_a_tested_helm_on_path_serves_and_the_build_is_not_tried_at_once_again(
    tmp_path, monkeypatch
):
    program = helm(tmp_path, "v3.22.0")
    lines = []
    assert helm_choice.expected().origin is Origin.built
    chosen = helm_choice.ensure(lines.append)
    assert (chosen.origin, chosen.path, chosen.dialect) == (Origin.path, str(program), HELM_3)
    assert [line.text for line in lines if isinstance(line, Message)] == [
        f"Go cannot be installed. Used instead: helm 3.22.0 (PATH, {program})"
    ]
    monkeypatch.setattr(helm_build, "ensure", lambda _: pytest.fail("tried again"))
    assert helm_choice.ensure() == helm_choice.expected() == chosen


@pytest.mark.usefixtures("no_go")
@pytest.mark.parametrize(
    ("version", "found", "remedy"),
    [
        (
            None,
            "PATH has none",
            "Or install helm 4.3 or 3.22, or name one: export LEARNFLOW_HELM=",
        ),
        ("nonsense", "PATH has none", "export LEARNFLOW_HELM=/path/to/helm"),
        ("v2.17.0", "PATH has none", "export LEARNFLOW_HELM=/path/to/helm"),
        ("v3.17.3", "not a tested one (3.17.3)", "Or use it untested: export LEARNFLOW_HELM=helm"),
        ("v4.2.0", "not a tested one (4.2.0)", "Or use it untested: export LEARNFLOW_HELM=helm"),
    ],
)
def test_without_go_and_a_tested_helm_the_way_to_get_one_is_an_error(
    tmp_path, version, found, remedy
):
    if version:
        helm(tmp_path, version)
    with pytest.raises(FoundationError, match="cannot be built, and PATH has n") as no:
        helm_choice.ensure(ignore)
    assert found in no.value.what
    assert no.value.why == "Go cannot be installed.\nno registry answers"
    assert str(no.value.remedy).startswith("Ask the administrator of this machine.\n")
    assert remedy in str(no.value.remedy)


def test_a_build_that_failed_is_not_tried_again_in_the_process(monkeypatch):
    tried = []

    def fail(_go_mod):
        tried.append("go")
        raise HostError("Go cannot be installed.")

    monkeypatch.setattr(toolchain, "find", fail)
    for _ in range(2):
        with pytest.raises(FoundationError, match="cannot be built"):
            helm_choice.ensure(ignore)
    assert tried == ["go"]


def test_each_command_hashes_the_sources_of_helm_once(monkeypatch):
    hashed = []
    monkeypatch.setattr(go_module, "digest", lambda *_: hashed.append("all") or "key")
    built()
    for _ in range(3):
        helm_choice.ensure()
    assert hashed == ["all"]


def test_the_version_tells_where_helm_comes_from_and_what_may_surprise(tmp_path, monkeypatch):
    assert str(helm_choice.expected()).endswith("; the first command that needs it builds it")
    built()
    path = helm_build.program()
    assert str(helm_choice.expected()) == f"{helm_build.version()} (built by this project, {path})"
    program = helm(tmp_path, "v3.17.3")
    monkeypatch.setenv("LEARNFLOW_HELM", str(program))
    assert str(helm_choice.expected()) == f"3.17.3 (LEARNFLOW_HELM, {program}); not tested"

"""How nodes get their runc: the host's, a package or a build."""

import re
from dataclasses import replace

import pytest

from learnflow_infra import events
from learnflow_infra.builds import go_module
from learnflow_infra.clusters.embedded.host import packages, requirements, runc_choice
from learnflow_infra.clusters.embedded.host.runc_choice import Facts
from learnflow_infra.clusters.embedded.programs import binary, runc_build

OLD = Facts(installed="runc version 1.1.5", changelog="", offered="")
FIXED = Facts(installed="runc version 1.3.3", changelog="", offered="")
OFFERED = Facts(installed="", changelog="", offered="1.3.3")


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A function that sets the host's facts; what is installed and built is recorded."""
    done, state = [], {}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        runc_choice,
        "facts",
        lambda *, ask_apt: state["facts"] if ask_apt else replace(state["facts"], offered=""),
    )
    monkeypatch.setattr(requirements, "program", lambda name: tmp_path / name)

    def install(needed, emit):
        done.append(set(needed.values()))
        if needed == runc_build.PACKAGE:
            state["facts"] = FIXED

    def build(wanted, target, step):
        done.append(wanted.what)
        target.mkdir(parents=True)
        (target / "runc").touch()

    monkeypatch.setattr(packages, "ensure_packages", install)
    monkeypatch.setattr(go_module, "build", build)

    def make(facts):
        state["facts"] = facts
        return done

    return make


def test_a_fixed_runc_of_the_host_is_used_and_nothing_is_installed(host, tmp_path):
    done = host(FIXED)
    assert runc_build.needed() == {}
    assert runc_build.ensure(events.ignore) == tmp_path / "runc"
    assert done == []


def test_a_fixed_package_is_installed(host, tmp_path):
    done = host(OFFERED)
    assert runc_build.needed() == {"runc": "runc"}
    assert runc_build.ensure(events.ignore) == tmp_path / "runc"
    assert done == [{"runc"}]


def test_else_it_is_built_once_with_the_compiler_that_this_needs(host):
    done, emitted = host(OLD), []
    assert set(runc_build.needed().values()) == {"gcc", "pkg-config", "libc6-dev", "libseccomp-dev"}
    assert runc_build.ensure(events.ignore) == runc_build.built()
    assert done == [set(runc_build.COMPILER.values()), "runc"]
    assert runc_build.needed() == {}
    runc_build.ensure(emitted.append)
    assert len(done) == len({"packages", "build"})
    assert emitted[-1].note == "cached"


def test_once_built_it_is_used_whatever_apt_offers(host):
    done = host(OLD)
    runc_build.ensure(events.ignore)
    before = list(done)
    host(OFFERED)
    assert runc_build.needed() == {}
    assert runc_build.ensure(events.ignore) == runc_build.built()
    assert done == before


def test_the_build_has_c_and_no_libraries_of_the_host():
    build = runc_build._build()
    assert build.cgo
    assert "seccomp" in build.tags
    assert "-extldflags -static" in build.linker_flags


def test_its_version_comes_from_its_own_module():
    assert re.fullmatch(r"v1\.5\.\d+", runc_build.version())
    assert runc_build.source().parent == go_module.source()


def test_a_change_of_its_pins_builds_it_alone(tmp_path, monkeypatch):
    before, kubernetes = runc_build.built(), binary.key()
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_text("changed")
    monkeypatch.setattr(runc_build, "source", lambda: tmp_path)
    assert runc_build.built() != before
    assert binary.key() == kubernetes

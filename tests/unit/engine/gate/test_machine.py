"""What a machine must have before the long build of the embedded cluster begins."""

import shutil
from types import SimpleNamespace

import pytest

from learnflow_infra.clusters.embedded.host import requirements
from learnflow_infra.engine.gate import machine
from learnflow_infra.locations import Target

GIB = 2**30
NEEDED = SimpleNamespace(cpu=0.5, memory=GIB, storage=4 * GIB)
TWICE = SimpleNamespace(cpu=1, memory=2 * GIB, storage=8 * GIB)


def failed(checks):
    return [check.name for check in checks if not check.passed]


@pytest.mark.parametrize(
    ("cpus", "memory", "names"),
    [
        (2, 4 * GIB, []),
        (1, machine.NODE_MEMORY + GIB, []),
        (2, GIB, ["host memory"]),
        (0, 0, ["host cpu", "host memory"]),
    ],
)
def test_cpus_and_memory(cpus, memory, names):
    checks = machine.room(cpus, memory, NEEDED)
    assert failed(checks) == names
    assert all(check.remedy for check in checks if not check.passed)


@pytest.fixture
def free(monkeypatch):
    def set_free(size):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=size))

    return set_free


def test_folders_on_one_file_system_share_its_space(tmp_path, free):
    folders = [(tmp_path / "cache/x", 4 * GIB), (tmp_path / "data", 2 * GIB)]
    free(6 * GIB)
    (check,) = machine.disks(folders)
    assert check.passed
    free(5 * GIB)
    (check,) = machine.disks(folders)
    assert "5120 MiB free" in check.message
    assert "6144 needed" in check.message
    assert f"df -h {tmp_path}" in str(check.remedy)


def plan(state, cluster="x"):
    target = Target(
        kind="embedded",
        context="c",
        kubeconfig=None,
        profile="embedded",
        cluster=cluster,
        state=state,
    )
    release = SimpleNamespace(profiles={"embedded": SimpleNamespace(images=())})
    return SimpleNamespace(target=target, releases=[release])


def checks_of(made):
    return machine.checks(made, lambda: TWICE)


@pytest.fixture(autouse=True)
def _root_with_empty_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("os.geteuid", lambda: 0)


def test_a_new_cluster_needs_space_for_build_and_volumes_on_this_machine(free):
    free(10 * GIB)
    checks = checks_of(plan("absent"))
    assert failed(checks) == ["host disk"]  # 4 GiB for the build, 8 for the volumes
    free(13 * GIB)
    assert failed(checks_of(plan("absent"))) == []


@pytest.mark.parametrize(
    ("disk", "memory", "names"),
    [
        (13 * GIB, machine.NODE_MEMORY - 1, ["host memory"]),
        (3 * GIB, 8 * GIB, ["host disk"]),  # the build takes 4
    ],
)
def test_a_machine_too_small_for_any_node_is_named_before_helm_is_needed(
    disk, memory, names, free, monkeypatch
):
    free(disk)
    monkeypatch.setattr(machine, "_free_memory", lambda: memory)
    checks = machine.checks(plan("absent"), lambda: pytest.fail("rendered"))
    assert failed(checks) == names
    assert all("needed before any pod" in check.message for check in checks[1:])
    assert all(check.remedy for check in checks if not check.passed)


def test_a_stopped_cluster_has_its_volumes_already(free):
    free(5 * GIB)
    assert failed(checks_of(plan("stopped"))) == []


@pytest.mark.parametrize("cluster", ["x", None])
def test_a_cluster_that_runs_or_is_elsewhere_requires_nothing_of_this_machine(cluster):
    assert checks_of(plan("running", cluster)) == []


def test_free_disk_is_that_of_the_data_folder_and_of_embedded_clusters_alone(free):
    free(3 * GIB)
    assert machine.free_disk(plan("running").target) == 3 * GIB
    assert machine.free_disk(plan("running", None).target) is None


def test_without_root_only_that_check_fails_and_names_the_remedy(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    (check,) = checks_of(plan("absent"))
    assert not check.passed
    assert "root" in str(check.remedy)


def test_packages_that_a_deploy_will_install_are_named(monkeypatch):
    monkeypatch.setattr(requirements, "program", lambda _name: None)
    check = checks_of(plan("absent"))[0]
    assert check.passed
    assert "nftables" in check.message

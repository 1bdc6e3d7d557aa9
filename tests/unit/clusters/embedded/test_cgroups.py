"""The node's cgroups on every kind of machine, from real texts of the kernel."""

from pathlib import PurePosixPath

import pytest

from learnflow_infra.clusters.embedded.host import cgroups

V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
34 31 0:31 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
35 31 0:32 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
V1_OWN = """\
4:memory:/process/abc
3:cpu,cpuacct:/
2:name=systemd:/
1:rdma:/
0::/
"""
V2_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
DOCKER_V1 = "40 30 0:30 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"


def plan(mountinfo, own, *, systemd=False, in_unit=False, root=False):
    return cgroups.plan(
        mountinfo, own, systemd=systemd, in_unit=in_unit, is_root=lambda _folder: root
    )


def folders(chosen):
    return {h.controllers: str(h.folder) for h in chosen.hierarchies}


def test_v1_hybrid_is_below_the_callers_own_cgroup_of_each_mounted_hierarchy():
    chosen = plan(V1_MOUNTS, V1_OWN)
    assert chosen.version == 1
    assert not chosen.unit
    assert not chosen.evacuate
    assert folders(chosen) == {
        "memory": "/sys/fs/cgroup/memory/process/abc",
        "cpu,cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "name=systemd": "/sys/fs/cgroup/systemd",
    }


def test_v1_mounts_inside_have_links_for_hierarchies_with_several_controllers():
    mounts = {str(m.target): m for m in cgroups.mounts(plan(V1_MOUNTS, V1_OWN))}
    assert mounts["/sys/fs/cgroup/cpu,cpuacct"].links == ("cpu", "cpuacct")
    assert mounts["/sys/fs/cgroup/memory"].options == "memory"
    assert mounts["/sys/fs/cgroup/systemd"].options == "none,name=systemd"


def test_a_mount_that_shows_a_part_of_the_hierarchy_is_entered_relative_to_that_part():
    assert folders(plan(DOCKER_V1, "4:memory:/docker/abc/job\n")) == {
        "memory": "/sys/fs/cgroup/memory/job"
    }


@pytest.mark.parametrize(
    ("own", "options", "folder", "unit", "evacuate"),
    [
        pytest.param(
            "0::/user.slice\n", {"systemd": True}, "user.slice", True, False, id="systemd"
        ),
        pytest.param(
            "0::/system.slice/lf.service\n",
            {"systemd": True, "in_unit": True},
            "system.slice/lf.service",
            False,
            False,
            id="inside the unit",
        ),
        pytest.param("0::/\n", {"root": True}, "", False, False, id="the true root, no systemd"),
        pytest.param("0::/\n", {}, "", False, True, id="a container without systemd"),
        pytest.param("0::/job\n", {}, "job", False, True, id="a job of another init"),
    ],
)
def test_v2(own, options, folder, unit, evacuate):
    chosen = plan(V2_MOUNTS, own, **options)
    assert chosen.version == 2
    assert folders(chosen) == {"": str(PurePosixPath("/sys/fs/cgroup") / folder)}
    assert chosen.unit is unit
    assert chosen.evacuate is evacuate
    assert [m.kind for m in cgroups.mounts(chosen)] == ["cgroup2"]


def test_v1_with_systemd_needs_a_unit_first():
    assert plan(V1_MOUNTS, V1_OWN, systemd=True).unit
    assert not plan(V1_MOUNTS, V1_OWN, systemd=True, in_unit=True).unit

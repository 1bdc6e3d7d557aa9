"""Pid 1 of the node until everything is in place; then it becomes supervisord.

Nothing made here outlives the namespaces: mounts are private to them, the link to the
host ends with its inner half, and the kernel parameters that the kubelet insists on
are shown to it instead of being set for the whole machine.
"""

import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path

from learnflow_infra.clusters.embedded.host import cgroups
from learnflow_infra.clusters.embedded.node import control_groups, processes, spec
from learnflow_infra.system.programs import output

HOME = Path("/var/lib/learnflow")
BIN = Path("/var/lib/learnflow-bin")
SERVICES, PODS = "10.96.0.0/16", "10.244.0.0/16"
"""Ranges that exist only in the node. What leaves the node itself for a Service needs a
route before kube-proxy's rules see it; there is no default route, so nothing gets out."""
HIDDEN = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))
"""The host's folders that the node replaces by its own."""
OPEN_FILES = 1048576
"""Enough for all; with no bound, programs that close whatever they may have open crawl."""
KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
"""What the kubelet wants of the kernel (k8s.io/component-helpers, node/util/sysctl)."""


def main(spec_file: str, host_network: str, outer: str) -> None:
    """Set the node up and become its supervisor; does not return."""
    wanted = spec.read(Path(spec_file))
    record_pids(wanted.root, int(outer))
    chosen = control_groups.current()
    control_groups.enter(wanted.root / "cgroups.json")
    file_systems(wanted, chosen)
    network(wanted, int(host_network))
    os.close(int(host_network))
    socket.sethostname(wanted.node_name)
    allowed = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "TMPDIR": "/run/tmp",
        "HOME": "/run/tmp",
    }
    command = [sys.executable, "-I", "-m", "supervisor.supervisord", "-n"]
    command += ["-c", f"{HOME}/conf/supervisord.conf"]
    os.execve(sys.executable, command, environment)  # noqa: S606 - becoming it is the point


def record_pids(root: Path, outer: int) -> None:
    """Record who the node is, by the host's pids: /proc is still the host's here."""
    own = int(Path("/proc/self").readlink().name)
    processes.record(root, outer, own)


def file_systems(wanted: spec.Spec, chosen: cgroups.Plan) -> None:
    """Mount what makes the node: own proc, sys, cgroups, run, and its lasting data."""
    kept = {path: os.open(path, os.O_PATH) for path in visible_only(wanted)}
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    mount_cgroups(chosen)
    for folder in HIDDEN:
        if not folder.is_symlink() and folder.is_dir():
            mount("tmpfs", folder, "tmpfs", "mode=755")
    Path("/run/tmp").mkdir(mode=0o1777)
    Path("/run/netns").mkdir()
    for path, descriptor in kept.items():
        if not path.exists():
            bind(Path(f"/proc/self/fd/{descriptor}"), path, fds=(descriptor,))
    bind_data(wanted, kept)
    show_kernel_parameters()
    output(["mount", "--make-rshared", "/"])


def visible_only(wanted: spec.Spec) -> list[Path]:
    """The folders that the node's own mounts would hide, the cluster's two always."""
    return list(dict.fromkeys([wanted.root, wanted.bin, *wanted.keep]))


def bind_data(wanted: spec.Spec, kept: dict[Path, int]) -> None:
    """Put the cluster's folder and the programs where every node has them."""
    for source, target in ((wanted.root, HOME), (wanted.bin, BIN)):
        descriptor = kept[source]
        bind(Path(f"/proc/self/fd/{descriptor}"), target, fds=(descriptor,))
    for part in ("kubelet", "containerd", "etcd"):
        bind(HOME / "data" / part, Path("/var/lib") / part)
    bind(HOME / "logs", Path("/var/log"))
    for descriptor in kept.values():
        os.close(descriptor)


def mount_cgroups(chosen: cgroups.Plan) -> None:
    """Mount fresh hierarchies, whose root is the node's own cgroup."""
    if chosen.version == 1:
        mount("tmpfs", str(cgroups.ROOT), "tmpfs", "mode=755")
    for wanted in cgroups.mounts(chosen):
        target = Path(wanted.target)
        mount(wanted.kind, target, wanted.kind, wanted.options)
        for link in wanted.links:
            with suppress(FileExistsError):
                (target.parent / link).symlink_to(target.name)
    if chosen.version == 2:  # noqa: PLR2004 - a version
        control_groups.settle_inside()


def show_kernel_parameters() -> None:
    """Lay the wanted values over the kernel's own, which the host keeps."""
    folder = Path("/run/kernel-parameters")
    folder.mkdir()
    present = {k: v for k, v in KERNEL.items() if Path("/proc/sys", k).exists()}
    for name, value in present.items():
        shown = folder / name.replace("/", ".")
        shown.write_text(f"{value}\n")
        output(["mount", "--bind", shown, f"/proc/sys/{name}"])


def network(wanted: spec.Spec, host: int) -> None:
    """Make the link to the host from inside, so that it cannot outlive the node."""
    there = f"/proc/self/fd/{host}"
    pair = ["type", "veth", "peer", "name", wanted.link, "netns", there]
    output(["ip", "link", "set", "lo", "up"])
    output(["ip", "link", "add", "eth0", *pair], fds=(host,))
    output(["ip", "address", "add", f"{wanted.node_address}/30", "dev", "eth0"])
    output(["ip", "link", "set", "eth0", "up"])
    output(["ip", "route", "add", SERVICES, "dev", "eth0"])
    output(["ip", "route", "add", "unreachable", PODS])
    on_host = ["nsenter", f"--net={there}", "ip"]
    address = f"{wanted.host_address}/30"
    output([*on_host, "address", "add", address, "dev", wanted.link], fds=(host,))
    output([*on_host, "link", "set", wanted.link, "up"], fds=(host,))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def mount(source: str, target: Path | str, kind: str, options: str = "") -> None:
    """Mount a file system; its folder is made when missing."""
    Path(target).mkdir(parents=True, exist_ok=True)
    extra = ["-o", options] if options else []
    output(["mount", "-n", "-t", kind, *extra, source, str(target)])


def bind(source: Path, target: Path, fds: tuple[int, ...] = ()) -> None:
    """Bind a folder, and let programs in it run whatever the host's mount forbids.

    The source may be a file descriptor of what is hidden by now: mount(8) must not look
    for its path.
    """
    target.mkdir(parents=True, exist_ok=True)
    output(["mount", "-n", "--no-canonicalize", "--bind", source, target], fds=fds)
    output(["mount", "-n", "-o", "remount,bind,exec,suid,dev", target])


if __name__ == "__main__":
    main(*sys.argv[1:])

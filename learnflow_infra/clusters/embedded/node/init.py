"""Pid 1 of the node: sets the node up, then becomes supervisord.

Nothing made here outlives the namespaces: mounts are private to them, the link to the
host ends with its inner half, and the kernel parameters that the kubelet requires are
files bound over the kernel's own, not settings of the whole machine.
"""

import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path

from learnflow_infra.clusters.embedded.host import cgroups
from learnflow_infra.clusters.embedded.node import control_groups, node_processes, spec
from learnflow_infra.system.programs import output

HOME = Path("/var/lib/learnflow")
BIN = Path("/var/lib/learnflow-bin")
SERVICES, PODS = "10.96.0.0/16", "10.244.0.0/16"
"""Ranges that exist only in the node. A packet from the node to a Service needs a route
before kube-proxy's rules apply; there is no default route, so nothing leaves the host."""
HIDDEN = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))
"""Folders of the host over which the node mounts its own."""
OPEN_FILES = 1048576
"""Limit of open files. It is bounded: some programs close every descriptor at start."""
KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
"""Kernel parameters that the kubelet requires (k8s.io/component-helpers, node/util/sysctl)."""


def main(spec_file: str, host_network: str, outer: str) -> None:
    """Set the node up and become its supervisor; does not return."""
    node = spec.read(Path(spec_file))
    own_pid = int(Path("/proc/self").readlink().name)  # the host's: /proc is not yet the node's
    node_processes.record(node.root, int(outer), own_pid)
    chosen = control_groups.current()
    control_groups.enter(node.root / "cgroups.json")
    file_systems(node, chosen)
    network(node, int(host_network))
    os.close(int(host_network))
    socket.sethostname(node.node_name)
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


def file_systems(node: spec.Spec, chosen: cgroups.Plan) -> None:
    """Mount the node's own /proc, /sys, cgroups and /run, and its lasting data."""
    visible = dict.fromkeys([node.root, node.bin, *node.keep])
    kept = {path: os.open(path, os.O_PATH) for path in visible}
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
    bind_data(node, kept)
    show_kernel_parameters()
    output(["mount", "--make-rshared", "/"])


def bind_data(node: spec.Spec, kept: dict[Path, int]) -> None:
    """Bind the cluster's folder and the programs to the paths that they have in every node."""
    for source, target in ((node.root, HOME), (node.bin, BIN)):
        descriptor = kept[source]
        bind(Path(f"/proc/self/fd/{descriptor}"), target, fds=(descriptor,))
    for part in ("kubelet", "containerd", "etcd"):
        bind(HOME / "data" / part, Path("/var/lib") / part)
    bind(HOME / "logs", Path("/var/log"))
    for descriptor in kept.values():
        os.close(descriptor)


def mount_cgroups(chosen: cgroups.Plan) -> None:
    """Mount the cgroup hierarchies anew; their root is the node's own cgroup."""
    if chosen.version == 1:
        mount("tmpfs", str(cgroups.ROOT), "tmpfs", "mode=755")
    for cgroup in cgroups.mounts(chosen):
        target = Path(cgroup.target)
        mount(cgroup.kind, target, cgroup.kind, cgroup.options)
        for link in cgroup.links:
            with suppress(FileExistsError):
                (target.parent / link).symlink_to(target.name)
    if chosen.version == 2:  # noqa: PLR2004 - a version
        control_groups.settle_inside()


def show_kernel_parameters() -> None:
    """Bind files with the required values over the kernel's; the host's settings stay."""
    folder = Path("/run/kernel-parameters")
    folder.mkdir()
    present = {k: v for k, v in KERNEL.items() if Path("/proc/sys", k).exists()}
    for name, value in present.items():
        shown = folder / name.replace("/", ".")
        shown.write_text(f"{value}\n")
        output(["mount", "--bind", shown, f"/proc/sys/{name}"])


def network(node: spec.Spec, host: int) -> None:
    """Make the link to the host from inside, so that it ends with the node.

    Args:
        node: the node.
        host: a file descriptor of the host's network namespace.
    """
    host_path = f"/proc/self/fd/{host}"
    pair = ["type", "veth", "peer", "name", node.link, "netns", host_path]
    output(["ip", "link", "set", "lo", "up"])
    output(["ip", "link", "add", "eth0", *pair], fds=(host,))
    output(["ip", "address", "add", f"{node.node_address}/30", "dev", "eth0"])
    output(["ip", "link", "set", "eth0", "up"])
    output(["ip", "route", "add", SERVICES, "dev", "eth0"])
    output(["ip", "route", "add", "unreachable", PODS])
    on_host = ["nsenter", f"--net={host_path}", "ip"]
    address = f"{node.host_address}/30"
    output([*on_host, "address", "add", address, "dev", node.link], fds=(host,))
    output([*on_host, "link", "set", node.link, "up"], fds=(host,))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def mount(source: str, target: Path | str, kind: str, options: str = "") -> None:
    """Mount a file system; its folder is made as needed."""
    Path(target).mkdir(parents=True, exist_ok=True)
    extra = ["-o", options] if options else []
    output(["mount", "-n", "-t", kind, *extra, source, str(target)])


def bind(source: Path, target: Path, fds: tuple[int, ...] = ()) -> None:
    """Bind a folder, and allow programs in it to run even if the host's mount does not.

    The source may be the file descriptor of a folder that is covered by a mount: mount(8)
    must not resolve its path.
    """
    target.mkdir(parents=True, exist_ok=True)
    output(["mount", "-n", "--no-canonicalize", "--bind", source, target], fds=fds)
    output(["mount", "-n", "-o", "remount,bind,exec,suid,dev", target])


if __name__ == "__main__":
    main(*sys.argv[1:])

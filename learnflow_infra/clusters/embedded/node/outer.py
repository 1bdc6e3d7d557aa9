"""The host's end of the node: makes the node's cgroup, then becomes `unshare`.

`unshare` stays as the outer process. When it ends, by any signal, the kernel kills the
node's pid 1 (--kill-child), and with it all processes, mounts, interfaces and rules of the
node.
"""

import os
import sys
from pathlib import Path

from learnflow_infra.clusters.embedded.host import privileges
from learnflow_infra.clusters.embedded.node import control_groups, spec

GO = b"go"
"""What the launcher writes once it knows this process, and can kill it."""
FLAGS = ("--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child")


def main(spec_file: str) -> None:
    """Replace this process by the node's outer process; returns if its launcher has ended."""
    if control_groups.UNIT_VARIABLE not in os.environ and not _is_told_to_go():
        return
    node = spec.read(Path(spec_file))
    os.umask(0o022)
    os.chdir("/")
    control_groups.prepare(node.cgroup, node.root / "cgroups.json")
    host_network = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.set_inheritable(host_network, True)  # noqa: FBT003 - takes it by position only
    module = "learnflow_infra.clusters.embedded.node.init"
    inner = privileges.python(module, spec_file, str(host_network), str(os.getpid()))
    os.execvp("unshare", ["unshare", *FLAGS, "--", *inner])  # noqa: S606 - becoming it is the point


def _is_told_to_go() -> bool:
    told = os.read(0, len(GO)) == GO
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return told


if __name__ == "__main__":
    main(sys.argv[1])

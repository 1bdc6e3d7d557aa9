"""What the launcher tells the node: one JSON file, read on both sides of the namespaces."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything that the node's processes need to know; paths are the host's."""

    name: str
    root: Path
    """The cluster's folder; in the node it is /var/lib/learnflow."""
    bin: Path
    """The folder of the programs; in the node it is /var/lib/learnflow-bin."""
    keep: Sequence[Path]
    """Folders that the node must still see where its own mounts hide the host's."""
    node_name: str
    node_address: str
    host_address: str
    link: str
    cgroup: str
    snapshotter: str
    cni: Path
    """The folder of the CNI plugins."""

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), default=str, indent=2) + "\n")


def read(path: Path) -> Spec:
    """Read what `Spec.write` wrote."""
    fields = json.loads(path.read_text())
    for key in ("root", "bin", "cni"):
        fields[key] = Path(fields[key])
    fields["keep"] = [Path(folder) for folder in fields["keep"]]
    return Spec(**fields)

"""The description of a node: the launcher writes it, the node's processes read it, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A node; paths are the host's."""

    root: Path
    """The cluster's folder; in the node it is /var/lib/learnflow."""
    bin: Path
    """The folder of the programs; in the node it is /var/lib/learnflow-bin."""
    keep: Sequence[Path]
    """Folders of the host that must stay visible where the node's mounts cover them."""
    node_name: str
    node_address: str
    host_address: str
    link: str
    cgroup: str

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), default=str, indent=2) + "\n")


def read(path: Path) -> Spec:
    """Read a file of `Spec.write`."""
    fields = json.loads(path.read_text())
    for key in ("root", "bin"):
        fields[key] = Path(fields[key])
    fields["keep"] = [Path(folder) for folder in fields["keep"]]
    return Spec(**fields)

"""What helm installs, and its values as JSON that helm can read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from learnflow_infra.models import Values


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A chart with values, to be installed as a release.

    Helm gets `values` by stdin. `set_arguments` repeat integers of them by `--set` (see
    values.typed). `labels` are those of the release, not of its objects. `description` is for
    helm's history, without values.
    """

    release: str
    chart: Path
    values: Values
    set_arguments: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    def arguments(self) -> list[str]:
        """The options with which helm reads the values."""
        return ["--values", "-", *(part for a in self.set_arguments for part in ("--set", a))]

    def stdin(self) -> bytes:
        """The values as JSON for helm's stdin."""
        return readable(json.dumps(self.values).encode())


_PAIR = re.compile(rb"\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def readable(text: bytes) -> bytes:
    """Unescape characters above U+FFFF in JSON: helm rejects surrogate pairs."""

    def bare(pair: re.Match[bytes]) -> bytes:
        return str(json.loads(b'"%b"' % pair[0])).encode() if pair[1] else pair[0]

    return _PAIR.sub(bare, text)

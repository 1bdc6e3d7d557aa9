"""What helm is asked to install, and its values as JSON that helm reads."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from learnflow_infra.models import Values


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What to install as which release.

    `values` go to helm by stdin; `set_arguments` are repeated by `--set`, and hold nothing
    but integers (see values.typed).
    """

    release: str
    chart: Path
    values: Values
    set_arguments: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """The options by which helm takes the values."""
        return ["--values", "-", *(part for a in self.set_arguments for part in ("--set", a))]

    def stdin(self) -> bytes:
        """The values, as helm reads them by stdin."""
        return readable(json.dumps(self.values).encode())


_PAIR = re.compile(rb"\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def readable(text: bytes) -> bytes:
    """JSON for helm, which refuses surrogate pairs: characters above U+FFFF are not escaped."""

    def bare(pair: re.Match[bytes]) -> bytes:
        return str(json.loads(b'"%b"' % pair[0])).encode() if pair[1] else pair[0]

    return _PAIR.sub(bare, text)

"""Which runc nodes run: the distribution's if it has the fixes of November 2025, else our own.

Source: the advisories of opencontainers/runc, fixed in 1.2.8, 1.3.3 and 1.4.0-rc.3. A
distribution may bring the fixes to an older version; then the package's changelog names them.
"""

import gzip
import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from learnflow_infra.clusters.embedded.host import requirements
from learnflow_infra.system.processes import ProgramError
from learnflow_infra.system.programs import output

FIXES = ("CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881")
_FIRST_FIXED = {(1, 2): (8,), (1, 3): (3,), (1, 4): (0, 3)}
"""Patch (and candidate) that has the fixes, by minor version; older minors never got them."""
_PACKAGED = Path("/usr/sbin/runc")
_CHANGELOG = Path("/usr/share/doc/runc/changelog.Debian.gz")


class Source(StrEnum):
    """Where nodes get runc from."""

    host = "host"
    package = "package"
    build = "build"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the host has, and what its distribution offers.

    Attributes:
        installed: the first line of `runc --version`; "" if there is none.
        changelog: of the installed package; "" if it is no package's, or has none.
        offered: the version that apt would install, as 1.3.3-0ubuntu1; "" if there is none.
    """

    installed: str
    changelog: str
    offered: str


def choose(facts: Facts) -> Source:
    """Pure: the host's if it is fixed; the package if it is fixed and replaces none; else a build.

    A changelog is not known before its package is installed: an offer is judged by its version.
    """
    if is_fixed(facts.installed, facts.changelog):
        return Source.host
    return Source.package if not facts.installed and is_fixed(facts.offered) else Source.build


def is_fixed(version: str, changelog: str = "") -> bool:
    """Pure: whether a runc has the fixes.

    Args:
        version: of a package, or the first line of `runc --version`.
        changelog: of its Debian package; a fix that was brought to an older version is named.
    """
    match = re.match(r"(?:runc version )?(\d+)\.(\d+)\.(\d+)(?:[-~]rc\.?(\d+))?", version)
    if match is None:
        return False
    major, minor, patch = map(int, match.groups()[:3])
    candidate = int(match[4]) if match[4] else 1000
    least = _FIRST_FIXED.get((major, minor), (0,) if (major, minor) > (1, 4) else (1 << 30,))
    return (patch, candidate) >= least or all(fix in changelog for fix in FIXES)


def fixed(host: Facts) -> Path | None:
    """The host's runc if it has the fixes."""
    return requirements.program("runc") if choose(host) is Source.host else None


def facts(*, ask_apt: bool = True) -> Facts:
    """The facts of this host.

    Args:
        ask_apt: for what it offers, where there is no runc. It reads all package lists, which
            takes over a second of CPU where apt keeps no cache of them, as in containers.
    """
    path = requirements.program("runc")
    return Facts(
        installed=_first_line(path) if path else "",
        changelog=_changelog() if path == _PACKAGED else "",
        offered=_offered() if ask_apt and not path else "",
    )


def version(program: Path) -> str:
    """The version of a runc, as v1.5.2."""
    return "v" + _first_line(program).removeprefix("runc version ")


def _first_line(program: Path) -> str:
    try:
        return output([program, "--version"]).partition("\n")[0]
    except ProgramError:  # it does not run here
        return ""


def _changelog() -> str:
    try:
        return gzip.decompress(_CHANGELOG.read_bytes()).decode(errors="replace")
    except (OSError, EOFError, zlib.error):  # images of containers have none; damaged
        return ""


def _offered() -> str:
    try:
        shown = output(["apt-cache", "--no-all-versions", "show", "runc"])
    except ProgramError:  # no apt, or no package
        return ""
    found = re.search(r"^Version: (\S+)$", shown, re.MULTILINE)
    return found[1] if found else ""

"""Jars for an image, by Maven's client, which resolves dependencies and verifies checksums."""

import hashlib
from pathlib import Path
from xml.sax.saxutils import escape

from learnflow_infra.clusters.embedded.images import build_step
from learnflow_infra.clusters.embedded.images.build_step import Note
from learnflow_infra.clusters.embedded.images.recipe import Maven
from learnflow_infra.errors import ArtifactError

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies"


def copy_jars(maven: Maven, *, work: Path, repository: Path, target: Path, note: Note) -> None:
    """Put the artifacts and their run-time dependencies into `target`, flat.

    Args:
        maven: the artifacts.
        work: an existing directory for the generated pom.xml.
        repository: Maven's local repository; kept, so that an interrupted download continues.
        target: made when missing.
        note: called with progress.

    Raises:
        ArtifactError: a jar cannot be downloaded, or differs from its recorded checksum.
        HostError: mvn is missing, or the disk is full.
    """
    (work / "pom.xml").write_text(pom(maven), encoding="utf-8")
    command = ["mvn", "--batch-mode", "--no-transfer-progress", "--strict-checksums"]
    command += [f"-Dmaven.repo.local={repository}", "-Dstyle.color=never", PLUGIN]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={target}", "-f", str(work)]
    build_step.run(command, what="the jars", note=note)
    if maven.checksums:
        require_checksums(maven.checksums.read_text(encoding="utf-8"), target)


def pom(maven: Maven) -> str:
    """The text of a pom.xml that depends on the artifacts."""
    excluded = "".join(
        f"<exclusion><groupId>{escape(group)}</groupId><artifactId>{escape(name)}</artifactId></exclusion>"
        for group, name in (entry.split(":") for entry in maven.exclude)
    )
    dependencies = "".join(
        f"<dependency><groupId>{escape(group)}</groupId><artifactId>{escape(name)}</artifactId>"
        f"<version>{escape(version)}</version><exclusions>{excluded}</exclusions></dependency>"
        for group, name, version in (entry.split(":") for entry in maven.artifacts)
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>learnflow</groupId><artifactId>image</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )


def require_checksums(recorded: str, folder: Path) -> None:
    """Check that a folder has exactly the files that lines of sha256sum(1) list.

    Raises:
        ArtifactError: a file is missing, differs or is not recorded; `why` names each.
    """
    expected = {name: digest for digest, name in map(str.split, recorded.splitlines())}
    actual = {path.name: _sha256(path) for path in folder.iterdir()}
    faults = [f"{name}: not recorded" for name in actual.keys() - expected.keys()]
    faults += [f"{name}: missing" for name in expected.keys() - actual.keys()]
    both = actual.keys() & expected.keys()
    faults += [f"{n}: sha256 {actual[n]}" for n in both if actual[n] != expected[n]]
    if faults:
        raise ArtifactError(
            "The jars are not the recorded ones; none is used.", why="\n".join(sorted(faults))
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

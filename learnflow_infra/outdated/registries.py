"""Ask registries for versions, each by its ordinary client; no host of one is named."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.builds import go_module, toolchain
from learnflow_infra.clients import helm_pull
from learnflow_infra.clusters.embedded.images import maven
from learnflow_infra.clusters.embedded.images.recipe import Maven
from learnflow_infra.errors import ArtifactError, LearnflowError
from learnflow_infra.paths import cache_dir
from learnflow_infra.system.files import scratch
from learnflow_infra.system.programs import lines, output
from learnflow_infra.versions import Component

Answers = Mapping[str, list[str]]
"""The versions that a registry has, by the name of the component."""
MAVEN_PLUGIN = "org.codehaus.mojo:versions-maven-plugin:2.18.0:display-dependency-updates"
_IGNORED = "(?i).*-(alpha|beta|rc|m)[-.0-9]*"
_SECONDS = 600.0
"""Timeout of each client; pip asks for every installed package."""


def ask(components: Sequence[Component]) -> tuple[dict[str, list[str]], list[str]]:
    """The known versions of components, and a line for each registry that gave none.

    The registries are asked at the same time.
    """
    asked = {
        registry: [component for component in components if component.registry == registry]
        for registry in CLIENTS
    }
    with ThreadPoolExecutor() as threads:
        work = {
            registry: threads.submit(_answers, registry, group)
            for registry, group in asked.items()
            if group
        }
    answers: dict[str, list[str]] = {}
    faults = []
    for future in work.values():
        found, fault = future.result()
        answers |= found
        faults += [fault] if fault else []
    return answers, faults


def _answers(registry: str, components: list[Component]) -> tuple[Answers, str]:
    try:
        return CLIENTS[registry](components), ""
    except LearnflowError as error:
        reason = str(error.why).strip().splitlines()[-1:]
        return {}, " ".join([f"{registry}: {error.what}", *reason])


def _go(components: list[Component]) -> Answers:
    go = toolchain.find((go_module.source() / "go.mod").read_text(encoding="utf-8"))
    asked = [component.package for component in components]
    command = [str(go), "list", "-m", "-e", "-versions", "-json=Path,Versions,Error", *asked]
    environment = {**toolchain.environment(), "GOFLAGS": "-mod=mod"}
    with scratch(cache_dir() / "tmp") as folder:  # outside of any module
        printed = "\n".join(lines(command, env=environment, cwd=folder))
    return go_versions(printed, components)


def go_versions(printed: str, components: list[Component]) -> Answers:
    """Pure: what `go list -m -json` printed.

    Raises:
        ArtifactError: no module has versions.
    """
    found, rest, decoder = {}, printed[printed.find("{") :].strip(), json.JSONDecoder()
    while rest.startswith("{"):
        module, end = decoder.raw_decode(rest)
        found[module["Path"]] = module.get("Versions", [])
        rest = rest[end:].strip()
    if not any(found.values()):
        raise ArtifactError("go lists no versions.", why=printed)
    return {component.name: found.get(component.package, []) for component in components}


def _maven(components: list[Component]) -> Answers:
    artifacts = tuple(f"{component.package}:{component.version}" for component in components)
    with scratch(cache_dir() / "tmp") as folder:
        pom = maven.pom(Maven(dest="/", artifacts=artifacts))
        (folder / "pom.xml").write_text(pom, encoding="utf-8")
        command = ["mvn", "--batch-mode", "--no-transfer-progress", "-f", str(folder), MAVEN_PLUGIN]
        command += [
            f"-Dmaven.repo.local={cache_dir() / 'm2'}",
            f"-Dmaven.version.ignore={_IGNORED}",
        ]
        return maven_versions(output(command, seconds=_SECONDS), components)


def maven_versions(printed: str, components: list[Component]) -> Answers:
    """Pure: the newer versions that Maven's plugin printed, `group:artifact ... 1.0 -> 1.1`."""
    newer = dict(re.findall(r"^\[INFO\]\s+(\S+:\S+) \.*\s*\S+ -> (\S+)", printed, re.MULTILINE))
    return {c.name: [newer[c.package]] if c.package in newer else [] for c in components}


def _pip(components: list[Component]) -> Answers:
    return {component.name: _index(component) for component in components}


def _index(component: Component) -> list[str]:
    printed = output(
        [sys.executable, "-m", "pip", "index", "versions", component.package], seconds=_SECONDS
    )
    listed = re.search(r"^Available versions: (.*)$", printed, re.MULTILINE)
    return listed[1].split(", ") if listed else []


def _pip_list(components: list[Component]) -> Answers:
    """The newest versions of what is installed; `pip list` asks for all of them."""
    command = [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json"]
    newer = {
        item["name"].lower().replace("_", "-"): [item["latest_version"]]
        for item in json.loads(output(command, seconds=_SECONDS))
    }
    return {component.name: newer.get(component.package, []) for component in components}


def _charts(components: list[Component]) -> Answers:
    async def newest() -> list[str]:
        return [await helm_pull.newest(component.package) for component in components]

    found = dict(zip([one.package for one in components], asyncio.run(newest()), strict=True))
    silent = sorted(package for package, version in found.items() if not version)
    if silent:
        raise ArtifactError("No version is listed.", why=", ".join(silent))
    return {component.name: [found[component.package]] for component in components}


CLIENTS: Mapping[str, Callable[[list[Component]], Answers]] = {
    "go": _go,
    "maven": _maven,
    "pip": _pip,
    "pins": _pip_list,
    "chart": _charts,
}
"""The function that asks each kind of registry."""

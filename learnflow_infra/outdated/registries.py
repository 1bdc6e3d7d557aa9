"""Ask registries for versions, each by its ordinary client; no host of one is named."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra.builds import go_module, toolchain
from learnflow_infra.clients import helm_pull
from learnflow_infra.clusters.embedded.images import maven
from learnflow_infra.clusters.embedded.images.recipe import Maven
from learnflow_infra.errors import ArtifactError, LearnflowError
from learnflow_infra.paths import cache_dir
from learnflow_infra.system import tasks
from learnflow_infra.system.files import scratch
from learnflow_infra.system.programs import lines, output
from learnflow_infra.versions import Component

Answers = Mapping[str, list[str]]
"""The versions that a registry has, by the name of the component."""
MAVEN_PLUGIN = "org.codehaus.mojo:versions-maven-plugin:2.23.0:display-dependency-updates"
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
        found = CLIENTS[registry](components)
    except LearnflowError as error:
        reason = str(error.why).strip().splitlines()[-1:]
        return {}, " ".join([f"{registry}: {error.what}", *reason])
    silent = ", ".join(one.name for one in components if not found.get(one.name))
    return found, f"{registry}: no version of {silent}" if silent else ""


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
    found, why = {}, ""
    rest, decoder = printed[printed.find("{") :].strip(), json.JSONDecoder()
    while rest.startswith("{"):
        module, end = decoder.raw_decode(rest)
        found[module["Path"]] = module.get("Versions", [])
        why = module.get("Error", {}).get("Err", why)
        rest = rest[end:].strip()
    if not any(found.values()):
        raise ArtifactError("go lists no versions.", why=why)
    return {component.name: found.get(component.package, []) for component in components}


def _maven(components: list[Component]) -> Answers:
    artifacts = tuple(f"{component.package}:{component.version}" for component in components)
    with scratch(cache_dir() / "tmp") as folder:
        pom = maven.pom(Maven(dest="/", artifacts=artifacts))
        (folder / "pom.xml").write_text(pom, encoding="utf-8")
        command = ["mvn", "--batch-mode", "--no-transfer-progress", "-U", "-f", str(folder)]
        command += [f"-Dmaven.repo.local={cache_dir() / 'm2'}", MAVEN_PLUGIN]
        printed = output(command, seconds=_SECONDS)
    refused = re.search(r"^\[WARNING\] (Could not transfer metadata .*)$", printed, re.MULTILINE)
    if refused:
        raise ArtifactError("The repository did not answer.", why=refused[1])
    return {one.name: maven_versions(cache_dir() / "m2", one.package) for one in components}


def maven_versions(repository: Path, package: str) -> list[str]:
    """The versions of `group:artifact` in the lists that Maven fetched.

    Its plugin prints the newest one alone, which hides the fixes of the line in use.
    """
    group, artifact = package.split(":")
    lists = (repository / group.replace(".", "/") / artifact).glob("maven-metadata-*.xml")
    text = "".join(path.read_text(encoding="utf-8") for path in lists)
    return re.findall(r"<version>([^<]+)</version>", text)


def _pip(components: list[Component]) -> Answers:
    return {component.name: _index(component) for component in components}


def _index(component: Component) -> list[str]:
    printed = output(
        [sys.executable, "-m", "pip", "index", "versions", component.package], seconds=_SECONDS
    )
    listed = re.search(r"^Available versions: (.*)$", printed, re.MULTILINE)
    return listed[1].split(", ") if listed else []


def _pip_list(components: list[Component]) -> Answers:
    """The newest versions of what is installed; `pip list` asks for all of them.

    It lists none if the index does not answer, and does not say so.
    """
    _index(components[0])
    command = [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json"]
    newer = {
        item["name"].lower().replace("_", "-"): [item["latest_version"]]
        for item in json.loads(output(command, seconds=_SECONDS))
    }
    return {one.name: newer.get(one.package, [one.version]) for one in components}


def _charts(components: list[Component]) -> Answers:
    async def newest(package: str) -> list[str]:
        found = await helm_pull.newest(package, prereleases=False)
        return [found] if found else []

    return {one.name: tasks.complete(newest(one.package)) for one in components}


CLIENTS: Mapping[str, Callable[[list[Component]], Answers]] = {
    "go": _go,
    "maven": _maven,
    "pip": _pip,
    "pins": _pip_list,
    "chart": _charts,
}
"""The function that asks each kind of registry."""

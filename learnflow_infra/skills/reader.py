"""Read skills-library/<skill>/skill.yaml into a `Skill`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from learnflow_infra import documents
from learnflow_infra.errors import InputError
from learnflow_infra.models import (
    ChartSource,
    Credential,
    Document,
    EndpointSpec,
    FixedByVolumes,
    ImageUse,
    OperatorImages,
    OperatorSpec,
    PortSpec,
    Profile,
    RegistryKeys,
    Release,
    ReleaseName,
    RemovedImages,
    SecretKeys,
    Skill,
    SkillName,
    UnpatchedImages,
    Variables,
)
from learnflow_infra.quantities import seconds
from learnflow_infra.remedy import Remedy
from learnflow_infra.skills import ready


def load(folder: Path, profile: Profile | None = None) -> Skill:
    """Read and check the folder of a skill.

    Args:
        folder: of the skill.
        profile: its values under `profiles` replace those of endpoints.

    Raises:
        InputError: the folder is malformed; with file and line.
    """
    path = folder / "skill.yaml"
    document = documents.load(path)
    documents.check(path, document, "skill")
    if document["name"] != folder.name:
        line = documents.line_of(path, ["name"])
        raise InputError(f"{path}:{line}: the name must be the folder's, {folder.name!r}.")
    ready.check(path, document)
    name = SkillName(document["name"])
    skill = Skill(
        name=name,
        description=document["description"],
        folder=folder,
        credentials=tuple(_credential(item) for item in document.get("credentials", ())),
        releases=tuple(_release(name, folder, item) for item in document["releases"]),
        endpoints=tuple(_endpoint(_in_profile(item, profile)) for item in document["endpoints"]),
    )
    _check_references(path, skill)
    return skill


def _in_profile(item: Document, profile: Profile | None) -> Document:
    replaced = item.get("profiles", {}).get(profile, {})
    return {**item, **replaced}


def _credential(item: Document) -> Credential:
    return Credential(
        secret=item["secret"],
        keys=tuple(item["keys"]),
        volumes=item["volumes"],
        restore=Remedy.from_document(item.get("restore", ())),
    )


def _release(skill: SkillName, folder: Path, item: Document) -> Release:
    readiness = item.get("ready", {})
    return Release(
        name=ReleaseName(item["name"]),
        skill=skill,
        needs=tuple(ReleaseName(name) for name in item.get("needs", ())),
        profiles={Profile(p): _chart(folder, chart) for p, chart in item["profiles"].items()},
        ready_timeout=seconds(readiness.get("timeout", "300s")),
        settle=seconds(readiness.get("settle", "0s")),
        volumes=item.get("volumes", {}),
        rules=ready.rules(readiness),
        causes=ready.causes(readiness),
        grace={code: seconds(text) for code, text in readiness.get("grace", {}).items()},
        removed_images=tuple(
            RemovedImages(**{**rule, "kept": tuple(rule.get("kept", ()))})
            for rule in item.get("removedImages", ())
        ),
        unpatched_images=tuple(UnpatchedImages(**rule) for rule in item.get("unpatchedImages", ())),
        fixed_by_volumes=tuple(
            FixedByVolumes(
                keys=tuple(rule["keys"]),
                why=rule["why"],
                remedy=Remedy.from_document(rule["remedy"]) if "remedy" in rule else "",
                change=rule.get("change", "none"),
            )
            for rule in item.get("fixedByVolumes", ())
        ),
    )


def _image_uses(folder: Path, items: Sequence[Document]) -> tuple[ImageUse, ...]:
    return tuple(ImageUse(recipe=folder / item["recipe"], values=item["values"]) for item in items)


def _chart(folder: Path, item: Document) -> ChartSource:
    remote = item["chart"].startswith("oci://")
    return ChartSource(
        chart=item["chart"] if remote else str(folder / item["chart"]),
        version=item.get("version", ""),
        kubernetes=item.get("kubernetes", ""),
        images=_image_uses(folder, item.get("images", ())),
        offered=_image_uses(folder, item.get("offeredImages", ())),
        registry_keys=tuple(RegistryKeys(**keys) for keys in item.get("registryKeys", ())),
        operator_images=tuple(OperatorImages(**rule) for rule in item.get("operatorImages", ())),
        operator=_operator(item["operator"]) if "operator" in item else None,
        host_address_key=item.get("hostAddressKey", ""),
        keeps=tuple(item.get("keeps", ())),
        cluster_objects_key=item.get("clusterObjectsKey", ""),
    )


def _operator(item: Document) -> OperatorSpec:
    return OperatorSpec(
        deployment=item["deployment"],
        watches=item["watches"],
        remedy=Remedy.from_document(item["remedy"]),
    )


def _endpoint(item: Document) -> EndpointSpec:
    return EndpointSpec(
        name=item["name"],
        release=ReleaseName(item["release"]),
        protocol=item["protocol"],
        in_cluster=PortSpec(**item["inCluster"]),
        host=PortSpec(**item["host"]),
        pods=item.get("pods", {}),
        parameters={key: _variables(value) for key, value in item.get("parameters", {}).items()},
        credentials=_secret_keys(item.get("credentials")),
        env=item.get("env", {}),
        connect=tuple(item.get("connect", ())),
    )


def _variables(value: Any) -> Any:
    """A text as it is; a mapping `{env, default}` as `Variables`."""
    if isinstance(value, str):
        return value
    return Variables(names=tuple(value["env"]), default=value.get("default", ""))


def _secret_keys(item: Document | None) -> SecretKeys | dict[str, Variables] | None:
    if item is None or "secret" in item:
        return cast("SecretKeys | None", item)
    return {role: _variables(value) for role, value in item.items()}


def _check_references(path: Path, skill: Skill) -> None:
    """Releases that endpoints name, and folders that charts name, must exist."""
    names = {release.name for release in skill.releases}
    for index, endpoint in enumerate(skill.endpoints):
        if endpoint.release not in names:
            line = documents.line_of(path, ["endpoints", index, "release"])
            raise InputError(f"{path}:{line}: {skill.name} has no release {endpoint.release!r}.")
    for release in skill.releases:
        for chart in release.profiles.values():
            charts = () if chart.remote else (Path(chart.chart),)
            folders = (*charts, *(image.recipe for image in chart.images))
            missing = [str(folder) for folder in folders if not folder.is_dir()]
            if missing:
                raise InputError(f"{path}: a folder is missing: {', '.join(missing)}")
    if not skill.verify_script.is_file():
        raise InputError(f"{skill.folder}: verify.py is missing.")

"""The cases of the tables, and how one of them is deployed."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from learnflow_infra.documents.merging import put
from learnflow_infra.paths import repo_root

SKILLS = {"postgres": "postgres-k8s-setup", "kafka": "kafka-k8s-setup"}
"""Of each release, which is also the chart's folder and the table's name."""
CHARTS = {**SKILLS, "strimzi-kafka": "kafka-k8s-setup"}
"""Of each chart, with the table of its name, the skill."""
NODE = "NODE"
"""In a table: the node's address."""


@dataclass(frozen=True)
class Case:
    """One value of a key; `refused` are the exit codes of a refusal, empty if it is deployed.

    `alone`: it does not fit the values of other cases.
    """

    release: str
    key: str
    value: object
    others: dict
    objects: list
    refused: tuple
    by: str
    alone: bool

    @property
    def skill(self):
        return SKILLS[self.release]

    @property
    def values(self):
        values = {}
        for key, value in {self.key: self.value, **self.others}.items():
            values = put(values, key, value)
        return {self.release: values}

    def __str__(self):
        return f"{self.release}.{self.key}={self.value!r:.40}"


def cases():
    return [case for release in SKILLS for case in of_table(release)]


def of_table(release):
    table = yaml.safe_load((Path(__file__).parent / f"tables/{release}.yaml").read_text())
    for key, rows in table.items():
        for row in rows:
            codes = row.get("refused", ())
            yield Case(
                release=release,
                key=key,
                value=row["value"],
                others=row.get("with", {}),
                objects=row.get("objects", []),
                refused=(codes,) if isinstance(codes, int) else tuple(codes),
                by=row.get("by", ""),
                alone=row.get("alone", False),
            )


def chart(release):
    return repo_root() / f"skills-library/{CHARTS[release]}/charts/{release}"


def keys(release):
    """Every key of the chart's values that has no keys below it."""
    return set(_leaves(yaml.safe_load((chart(release) / "values.yaml").read_text()), ()))


def _leaves(values, above):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield ".".join((*above, key))

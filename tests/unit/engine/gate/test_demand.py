from types import SimpleNamespace

import pytest

from learnflow_infra.engine.gate.demand import of_absent_skills
from learnflow_infra.models import Foundation, Release

KAFKA, POSTGRES = (Foundation(cpu=n, memory=n, storage=n) for n in (1, 2))


def release(name, skill):
    return Release(name=name, skill=skill, profiles={})


def demand(*instances):
    """Of two skills, where pods of these releases are in the namespace.

    The releases are those of the run's profile: one with an operator would have more.
    """
    pods = [
        {"metadata": {"name": name, "labels": {"app.kubernetes.io/instance": name}}}
        for name in instances
    ]
    session = SimpleNamespace(namespace="n", kube=SimpleNamespace(items=lambda _path: pods))
    skills = [
        SimpleNamespace(name="kafka-skill", foundation=KAFKA, releases=["strimzi", "kafka"]),
        SimpleNamespace(name="postgres-skill", foundation=POSTGRES, releases=["postgres"]),
    ]
    releases = [release("kafka", "kafka-skill"), release("postgres", "postgres-skill")]
    return of_absent_skills(session, SimpleNamespace(skills=skills, releases=releases)).cpu


@pytest.mark.parametrize(
    ("instances", "cpu"), [((), 3), (("kafka",), 2), (("postgres",), 1), (("kafka", "postgres"), 0)]
)
def test_only_skills_without_pods_demand_something(instances, cpu):
    assert demand(*instances) == cpu

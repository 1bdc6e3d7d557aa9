"""A sample of the values that the charts offer; `make full` deploys all of them, one by one.

The sample changes with the day, and a failure shows it. `LEARNFLOW_SAMPLE=2026-11-26 make e2e`
repeats the one of that day.
"""

import random

import pytest
import yaml

from learnflow_infra.documents.merging import put
from tests.e2e.conftest import DAY
from tests.full import walk

pytestmark = pytest.mark.e2e
NAMESPACE = "sample"
KEYS = 8
"""Keys that are deployed together."""
PORTS = {
    "kafka": {"externalAccess.nodePort": 31300, "externalAccess.brokerNodePort": 31301},
    "postgres": {"externalAccess.service.nodePorts.postgresql": 31310},
}
"""Those of the other tests' namespace are taken."""


def sample(day, *, refused):
    """Cases of one release that fit each other, drawn by the day."""
    draw = random.Random(day)  # noqa: S311 - a sample, no secret
    release = draw.choice(sorted(PORTS))
    first = {}
    for case in walk.of_table(release):
        fits = not (case.alone or case.objects or case.others or case.key in PORTS[release])
        fits = fits and 5 not in case.refused  # a dry run only warns of an unreachable registry
        if fits and bool(case.refused) == refused:
            first.setdefault(case.key, case)
    return release, draw.sample(sorted(first.values(), key=str), KEYS)


def test_a_sample_of_the_values_is_deployed_and_verified(product, deployed, tmp_path):
    release, cases = sample(DAY, refused=False)
    values = {}
    for case in cases:
        values = put(values, case.key, case.value)
    for key, port in PORTS[release].items():
        values = put(values, key, port)
    file = tmp_path / "values.yaml"
    text = yaml.safe_dump({release: values})
    file.write_text(text.replace(walk.NODE, product.cluster.node_address))
    where = (walk.SKILLS[release], "-n", NAMESPACE)
    done = product.run("deploy", *where, "-f", str(file))
    assert done.code == 0, f"LEARNFLOW_SAMPLE={DAY}\n{text}\n{done.err}"
    product.ok("delete", *where, "--purge-data", "--yes")


def test_a_refused_value_is_refused(product, deployed, tmp_path):
    _, (case, *_) = sample(DAY, refused=True)
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(case.values))
    done = product.run("diff", case.skill, "-f", str(file))
    assert done.code in case.refused, f"LEARNFLOW_SAMPLE={DAY}: {case}\n{done.err}"

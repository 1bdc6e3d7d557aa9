"""The upstream profile from a registry on loopback, with real PostgreSQL.

CI does not reach the registries of Strimzi and Bitnami. Stand-ins have the names of their charts:
this project's PostgreSQL chart, which has the same value names, and a chart with one ConfigMap for
Strimzi's operator. The tests prove how charts are pulled, locked and deployed, not those charts.
"""

import json
import shutil
import subprocess

import pytest
import yaml

from learnflow_infra.clusters.embedded.images import build
from learnflow_infra.documents import schema_faults
from tests.contract.oci import package, registry_programs

__all__ = ["registry_programs"]
pytestmark = pytest.mark.e2e
NAMESPACE = "upstream"
SKILL = "postgres-k8s-setup"
PORT = "postgres.primary.service.nodePorts.postgresql=31432"


@pytest.fixture(scope="module")
def upstream(product, registry_programs, tmp_path_factory):
    """A registry with the stand-ins, and the command line with mirrors to it."""
    from tests.contract.oci import Registry

    folder = tmp_path_factory.mktemp("registry")
    served = Registry(folder)
    try:
        push_charts(product, served, folder)
        push_image(product, served)
        yield Upstream(product, served)
    finally:
        served.stop()


class Upstream:
    def __init__(self, product, registry):
        self.product, self.registry = product, registry
        names = ("quay.io", "registry-1.docker.io", "docker.io")
        self.mirrors = [f"--image-mirror={name}={registry.host}/{name}" for name in names]

    def run(self, verb, *args):
        skill = () if verb == "chart" else ("-n", NAMESPACE, "--profile", "upstream", SKILL)
        ours = self.mirrors if verb in {"deploy", "diff", "chart"} else ()
        values = ("--set", PORT) if verb in {"deploy", "diff"} else ()
        return self.product.run(verb, *skill[-1:], *args, *skill[:-1], *values, *ours)

    def ok(self, *args):
        done = self.run(*args)
        assert done.code == 0, done.err
        return done


def push_charts(product, registry, folder):
    skill = yaml.safe_load((product.checkout / f"skills-library/{SKILL}/skill.yaml").read_text())
    version = skill["releases"][0]["profiles"]["upstream"]["version"]
    chart = shutil.copytree(
        product.checkout / f"skills-library/{SKILL}/charts/postgres", folder / "postgresql"
    )
    edit(chart / "Chart.yaml", name="postgresql", version=version)
    (chart / "values.schema.json").unlink()  # it refuses unknown keys
    edit(chart / "values.yaml", externalAccess={"enabled": False})  # Bitnami's has no such Service
    registry.push_chart(package(chart, folder), "registry-1.docker.io/bitnamicharts")
    strimzi = folder / "strimzi-kafka-operator"
    (strimzi / "templates").mkdir(parents=True)
    edit(strimzi / "Chart.yaml", apiVersion="v2", name=strimzi.name, version="1.2.0")
    (strimzi / "templates/x.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    )
    registry.push_chart(package(strimzi, folder), "quay.io/strimzi-helm")


def edit(file, **changes):
    document = yaml.safe_load(file.read_text()) if file.exists() else {}
    file.write_text(yaml.safe_dump({**document, **changes}))


def push_image(product, registry):
    values = product.checkout / "charts-values/postgres/values-upstream.yaml"
    image = yaml.safe_load(values.read_text())["image"]
    recipe = product.checkout / f"skills-library/{SKILL}/images/postgresql"
    archive = build.built_path(build.ImageRecipe.load(recipe))
    name = f"{image['registry']}/{image['repository']}:{image['tag']}"
    registry.push_image(f"oci-archive:{archive}", name)


@pytest.fixture(scope="module")
def locked(upstream, deployed):
    """The charts are pinned by a lock, as in a team's repository."""
    upstream.ok("chart", "lock")
    lock = upstream.product.checkout / "charts-values/charts.lock"
    assert yaml.safe_load(lock.read_text())["profiles"]["upstream"].keys() == {
        "postgres",
        "strimzi",
    }
    return upstream


@pytest.fixture(scope="module")
def running(locked):
    done = locked.ok("deploy", "--output", "json").json
    (result,) = done["verification"]
    assert result["passed"]
    assert {"inside", "host"} <= {check["from"] for check in result["checks"]}
    return locked


def test_a_deploy_that_changes_nothing_sends_no_request_to_a_registry(running):
    before = running.registry.requests()
    with running.registry.stopped():
        done = running.ok("deploy")
        assert "Nothing to change" in done.out
        assert running.run("diff", "--detailed-exitcode").code == 0
    assert running.registry.requests() == before


def test_another_profile_is_refused(running):
    done = running.product.run("deploy", SKILL, "-n", NAMESPACE, "--profile", "embedded")
    assert done.code == 10
    assert "--profile upstream" in done.err


def test_drift_is_shown_and_removed(running, kubectl):
    kubectl("label", "service", "postgres", "app.kubernetes.io/component=by-hand", "--overwrite")
    diff = running.run("diff", "-o", "json", "--detailed-exitcode")
    assert diff.code == 2
    assert schema_faults(diff.json, "diff") == []
    (release,) = diff.json["releases"]
    (change,) = release["changes"]
    assert (release["action"], change["object"], change["kind"]) == (
        "mend",
        "Service/postgres",
        "drifted",
    )
    running.ok("deploy")
    assert running.run("diff", "--detailed-exitcode").code == 0


@pytest.fixture
def kubectl(running):
    def call(*args):
        return running.product.kubectl("-n", NAMESPACE, *args)

    return call


def test_set_changes_one_value_and_a_rollback_restores_it(running, kubectl):
    memory = ("get", "statefulset", "postgres", "-o", "jsonpath={..limits.memory}")
    before = kubectl(*memory)
    change = ("--set", "postgres.primary.resources.limits.memory=600Mi")
    assert running.run("diff", "--detailed-exitcode", *change).code == 2
    assert kubectl(*memory) == before
    running.ok("deploy", *change)
    assert kubectl(*memory) == "600Mi"
    done = running.ok("rollback", "-o", "json").json
    assert schema_faults(done, "rolled-back") == []
    assert (done["to"], all(item["passed"] for item in done["verification"])) == (1, True)
    assert kubectl(*memory) == before
    assert running.run("diff", "--detailed-exitcode").code == 0


def test_values_are_explained_down_to_the_flag(running):
    flag = ("--set", "postgres.primary.resources.limits.memory=600Mi")
    key = "postgres.primary.resources.limits.memory"
    done = running.ok("values", "--explain", key, *flag)
    assert "charts-values/postgres/values.yaml:" in done.out
    assert f"--set {key}=600Mi" in done.out


def test_dry_runs_change_nothing(running, kubectl):
    before = kubectl("get", "all,secrets,configmaps", "-o", "json")
    change = ("--set", "postgres.primary.resources.limits.memory=601Mi")
    assert "601Mi" in running.ok("deploy", "--dry-run=client", *change).out
    assert "601Mi" in running.ok("deploy", "--dry-run=server", *change).out
    after = kubectl("get", "all,secrets,configmaps", "-o", "json")
    assert [(i["metadata"]["name"], i["metadata"]["resourceVersion"]) for i in items(after)] == [
        (i["metadata"]["name"], i["metadata"]["resourceVersion"]) for i in items(before)
    ]


def items(text):
    return json.loads(text)["items"]


def test_a_chart_of_another_version_than_the_locked_one_is_refused(running):
    file = running.product.checkout / f"skills-library/{SKILL}/skill.yaml"
    text = file.read_text()
    version = yaml.safe_load(text)["releases"][0]["profiles"]["upstream"]["version"]
    file.write_text(text.replace(f"version: {version}", "version: 99.0.0"))
    try:
        done = running.run("deploy")
    finally:
        file.write_text(text)
    assert done.code == 10
    assert "learnflow-infra chart lock" in done.err


def test_a_bundle_provides_charts_and_images_without_a_registry(running, tmp_path):
    bundle = tmp_path / "bundle.tar"
    running.product.ok("bundle", "create", str(bundle), SKILL, *running.mirrors)
    names = subprocess.run(["tar", "tf", bundle], capture_output=True, text=True, check=True)
    assert "index.json" in names.stdout
    with running.registry.stopped():
        running.product.ok("bundle", "load", str(bundle))
        running.product.ok("delete", SKILL, "-n", NAMESPACE, "--purge-data", "--yes")
        done = running.product.ok(
            "deploy", SKILL, "-n", NAMESPACE, "--profile", "upstream", "--set", PORT
        )
    assert "10 checks passed" in done.out


def test_a_purge_leaves_nothing(running, kubectl):
    running.ok("delete", "--purge-data", "--yes")
    assert kubectl("get", "all,pvc,secrets", "-o", "name") == ""

"""The chart as the real helm renders it; no cluster."""

import re
import subprocess

import jsonschema
import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.paths import repo_root

ROOT = repo_root()
CHART = ROOT / "skills-library/postgres-k8s-setup/charts/postgres"
VALUES = ROOT / "charts-values/postgres"


def helm(*arguments):
    command = [executable(), *arguments, "--set", "image.tag=test"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def render(*settings, files=("values.yaml", "values-embedded.yaml"), name="postgres"):
    options = [option for setting in settings for option in ("--set", setting)]
    options += [option for file in files for option in ("-f", str(VALUES / file))]
    done = helm("template", name, str(CHART), "-n", "learnflow", *options)
    assert done.returncode == 0, done.stderr
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def container(objects):
    spec = objects["StatefulSet", "postgres"]["spec"]["template"]["spec"]
    return spec, spec["containers"][0]


def test_lint_finds_nothing():
    done = helm("lint", "--strict", str(CHART), "-f", str(VALUES / "values.yaml"))
    assert done.returncode == 0, done.stdout


def test_the_manifest_of_a_deploy():
    objects = render()
    assert sorted(objects) == [
        ("Service", "postgres"),
        ("Service", "postgres-external"),
        ("Service", "postgres-headless"),
        ("StatefulSet", "postgres"),
    ]
    external = objects["Service", "postgres-external"]["spec"]
    assert external["type"] == "NodePort"
    assert external["ports"] == [
        {
            "name": "tcp-postgresql",
            "port": 5432,
            "targetPort": "tcp-postgresql",
            "nodePort": 30432,
        }
    ]
    assert objects["Service", "postgres"]["spec"]["type"] == "ClusterIP"
    assert objects["Service", "postgres-headless"]["spec"]["clusterIP"] == "None"


def test_selectors_select_the_pod_and_the_claim_is_labelled_with_the_release():
    objects = render(name="other")
    stateful = objects["StatefulSet", "other"]["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    selectors = [stateful["selector"]["matchLabels"]]
    selectors += [
        item["spec"]["selector"] for (kind, _), item in objects.items() if kind == "Service"
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    (claim,) = stateful["volumeClaimTemplates"]
    assert claim["metadata"]["labels"]["app.kubernetes.io/instance"] == "other"
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert "storageClassName" not in claim["spec"]


def test_passwords_are_files_and_nowhere_else():
    spec, main = container(render())
    (secret,) = [v["secret"] for v in spec["volumes"] if "secret" in v]
    assert secret["secretName"] == "postgres-credentials"
    assert {item["key"]: item["path"] for item in secret["items"]} == {
        "password": "password",
        "postgres-password": "postgres-password",
    }
    values = {entry["name"]: entry.get("value", entry) for entry in main["env"]}
    assert values["POSTGRES_PASSWORD_FILE"] == "/opt/bitnami/postgresql/secrets/password"
    assert values["POSTGRES_USER"] == values["POSTGRES_DATABASE"] == "learnflow"
    assert "POSTGRES_PASSWORD" not in values
    assert not [entry for entry in main["env"] if "valueFrom" in entry]


def test_the_superuser_alone():
    _, main = container(render("auth.username="))
    values = {entry["name"]: entry.get("value") for entry in main["env"]}
    assert values["POSTGRES_PASSWORD_FILE"].endswith("/postgres-password")
    assert "POSTGRES_USER" not in values


def test_no_password_for_the_superuser():
    spec, main = container(render("auth.enablePostgresUser=false"))
    (secret,) = [v["secret"] for v in spec["volumes"] if "secret" in v]
    assert [item["key"] for item in secret["items"]] == ["password"]
    assert "POSTGRES_POSTGRES_PASSWORD_FILE" not in {entry["name"] for entry in main["env"]}


def test_the_pod_asks_for_no_rights():
    spec, main = container(render())
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["fsGroup"] == 1001
    rights = main["securityContext"]
    assert rights["runAsNonRoot"] is True
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert rights["seccompProfile"] == {"type": "RuntimeDefault"}


def test_every_mount_has_its_volume():
    objects = render(
        "primary.configuration=a = b",
        "primary.extendedConfiguration=c = d",
        "primary.initdb.scripts.x\\.sql=select 1",
        "primary.initdb.scriptsSecret=more",
        "primary.persistence.enabled=false",
    )
    spec, main = container(objects)
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert {mount["name"] for mount in main["volumeMounts"]} == set(volumes)
    for name in ("configuration", "extended-configuration", "init-scripts"):
        assert ("ConfigMap", volumes[name]["configMap"]["name"]) in objects
    assert "volumeClaimTemplates" not in objects["StatefulSet", "postgres"]["spec"]


def test_a_changed_configuration_rolls_the_pod_and_changed_scripts_do_not():
    def annotations(*settings):
        stateful = render(*settings)["StatefulSet", "postgres"]
        return stateful["spec"]["template"]["metadata"]["annotations"]

    plain = annotations()
    assert annotations("primary.extendedConfiguration=work_mem = 8MB") != plain
    assert annotations("primary.initdb.scripts.x\\.sql=select 1") == plain


@pytest.mark.parametrize(
    ("setting", "image"),
    [
        ("image.pullPolicy=Never", "learnflow.local/postgresql:test"),
        ("global.imageRegistry=mirror.example:5000", "mirror.example:5000/postgresql:test"),
        ("image.registry=", "postgresql:test"),
        (f"image.digest=sha256:{'a' * 64}", f"learnflow.local/postgresql@sha256:{'a' * 64}"),
    ],
)
def test_names_of_the_image(setting, image):
    _, main = container(render(setting))
    assert main["image"] == image


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("primry.persistence.size=1Gi", "'primry' not allowed"),
        ("auth.password=x", "'password' not allowed"),
        ("auth.existingSecret=", "/auth/existingSecret"),
        ("primary.persistence.size=2Gib", "/primary/persistence/size"),
        ("primary.service.type=NodePorts", "/primary/service/type"),
        ("primary.service.ports.postgresql=high", "/primary/service/ports/postgresql"),
        ("primary.readinessProbe.period=1", "'period' not allowed"),
        ("primary.initdb.scripts.x=1", "'x' does not match pattern"),
        ("externalAccess.service.nodePorts.postgresql=70000", "/nodePorts/postgresql"),
        ("image.digest=sha256:abc", "/image/digest"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_it(setting, complaint):
    done = helm("template", "postgres", str(CHART), "--set", setting)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_schema_knows_every_default_value():
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((CHART / "values.yaml").read_text()), schema)


def test_every_value_of_the_schema_has_a_default_and_a_comment_near():
    lines = (CHART / "values.yaml").read_text().splitlines()
    keys = {match[1] for line in lines if (match := re.match(r" *([A-Za-z]+):", line))}
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    missing = {name for name in _names(schema["properties"]) if name not in keys}
    assert missing <= {"claims", "terminationGracePeriodSeconds"}
    uncommented = [
        line
        for index, line in enumerate(lines)
        if re.match(r"[A-Za-z]", line) and not lines[index - 1].startswith("#")
    ]
    assert uncommented == []


def _names(properties):
    for name, schema in properties.items():
        yield name
        yield from _names(schema.get("properties", {}))

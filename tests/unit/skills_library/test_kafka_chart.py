"""The chart of Kafka as the real helm renders it; no cluster."""

import json
import re
import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.paths import repo_root

ROOT = repo_root()
CHART = ROOT / "skills-library/kafka-k8s-setup/charts/kafka"
VALUES = ROOT / "charts-values/kafka"


def helm(*arguments):
    command = [executable(), *arguments, "--set", "image.registry=r,image.tag=t"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def options(settings, files):
    texts = [f"--set-json={key}={json.dumps(value)}" for key, value in settings.items()]
    return [*(f"--values={VALUES / file}" for file in files), *texts]


def render(settings=(), files=("values.yaml", "values-embedded.yaml"), name="kafka"):
    done = helm("template", name, str(CHART), "-n", "learnflow", *options(dict(settings), files))
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def one(objects, kind, name="kafka"):
    (found,) = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].startswith(name)]
    return found


def properties(objects):
    text = one(objects, "ConfigMap", "kafka-config")["data"]["server.properties"]
    return dict(line.split("=", 1) for line in text.splitlines())


def container(objects):
    return one(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("files", [(), ("values.yaml",), ("values.yaml", "values-embedded.yaml")])
def test_helm_lint_is_content(files):
    done = helm("lint", "--strict", str(CHART), *options({}, files))
    assert done.returncode == 0, done.stdout


def test_one_broker_keeps_one_copy():
    objects = render()
    settings = properties(objects)
    assert settings["default.replication.factor"] == settings["min.insync.replicas"] == "1"
    assert settings["controller.quorum.bootstrap.servers"].count(":9093") == 1
    assert not [o for o in objects if o["kind"] == "PodDisruptionBudget"]
    assert "affinity" not in one(objects, "StatefulSet")["spec"]["template"]["spec"]


def test_three_brokers_keep_three_copies_apart():
    objects = render({"brokers": 3})
    settings = properties(objects)
    copies = [v for key, v in settings.items() if key.endswith("replication.factor")]
    assert copies == ["3"] * 4
    assert settings["min.insync.replicas"] == settings["transaction.state.log.min.isr"] == "2"
    assert settings["controller.quorum.bootstrap.servers"].split(",") == [
        f"kafka-{n}.kafka-headless.learnflow.svc.cluster.local:9093" for n in range(3)
    ]
    assert one(objects, "StatefulSet")["spec"]["replicas"] == 3
    assert one(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    template = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    assert "podAntiAffinity" in template["affinity"]


def test_two_brokers_acknowledge_alone():
    settings = properties(render({"brokers": 2}))
    assert (settings["default.replication.factor"], settings["min.insync.replicas"]) == ("2", "1")


def test_every_broker_has_the_node_port_that_it_advertises():
    objects = render({"brokers": 3})
    env = {item["name"]: item.get("value") for item in container(objects)["env"]}
    ports = {
        o["spec"]["selector"]["statefulset.kubernetes.io/pod-name"]: o["spec"]["ports"][0][
            "nodePort"
        ]
        for o in objects
        if o["kind"] == "Service" and re.fullmatch(r"kafka-external-\d", o["metadata"]["name"])
    }
    first = int(env["KAFKA_EXTERNAL_PORT"])
    assert ports == {f"kafka-{n}": first + n for n in range(3)}
    assert properties(objects)["advertised.listeners"].endswith(
        "EXTERNAL://@ADVERTISED_HOST@:@EXTERNAL_PORT@"
    )


def test_outside_access_is_off_by_default():
    objects = render(files=())
    assert {o["spec"].get("type") for o in objects if o["kind"] == "Service"} == {None}
    assert "EXTERNAL" not in properties(objects)["listeners"]


def test_numbers_of_the_configuration_keep_their_digits():
    config = {"log.retention.bytes": 107374182400, "compression.type": "zstd"}
    config |= {"auto.create.topics.enable": False, "log.cleaner.min.cleanable.ratio": 0.5}
    settings = properties(render({"config": config}))
    assert {key: settings[key] for key in config} == {
        "log.retention.bytes": "107374182400",
        "compression.type": "zstd",
        "auto.create.topics.enable": "false",
        "log.cleaner.min.cleanable.ratio": "0.5",
    }


@pytest.mark.parametrize("flag", ["--set-json", "--set"])
@pytest.mark.parametrize("digits", ["1152921504606846976", "9223372036854775807", "10485760"])
def test_big_integers_keep_their_digits(flag, digits):
    exact = digits if flag == "--set" else str(int(float(digits)))
    given = [f"{flag}=config.a={digits}", f"{flag}=topics[0].config.b={digits}"]
    done = helm("template", "kafka", str(CHART), "--set", "topics[0].name=x", *given)
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    assert properties(objects)["a"] == exact
    asked = json.loads(one(objects, "ConfigMap", "kafka-topics")["data"]["topics.json"])
    assert asked["topics"] == [{"name": "x", "config": {"b": exact}}]


def test_the_job_of_topics_has_resources_of_its_own():
    def resources(settings):
        return one(render(settings), "Job")["spec"]["template"]["spec"]["containers"][0][
            "resources"
        ]

    default = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}}
    assert resources({}) == default
    limits = {"topicsJob": {"resources": {"limits": {"cpu": "200m"}}}}
    assert resources(limits)["limits"] == {"cpu": "200m", "memory": "256Mi"}


def test_a_long_limit_of_time_is_a_number():
    job = one(render({"topicsTimeout": 2_000_000}), "Job")["spec"]
    assert job["template"]["spec"]["containers"][0]["args"][-1] == "2000000"
    assert job["activeDeadlineSeconds"] == 6_000_000


def test_the_configuration_is_stronger_than_the_charts_own():
    objects = render({"brokers": 3, "config": {"min.insync.replicas": 1}})
    assert properties(objects)["min.insync.replicas"] == "1"
    asked = json.loads(one(objects, "ConfigMap", "kafka-topics")["data"]["topics.json"])
    assert asked["defaults"] == {"min.insync.replicas": "1"}


def test_a_change_restarts_brokers_only_if_it_concerns_them():
    def checksum(settings):
        template = one(render(settings), "StatefulSet")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    assert checksum({}) == checksum({"topics": [{"name": "other"}]})
    assert checksum({}) != checksum({"config": {"num.partitions": 5}})


def test_another_list_of_topics_is_another_job():
    def job(settings):
        return one(render(settings), "Job")["metadata"]["name"]

    assert job({}) == job({"config": {"num.partitions": 5}})
    assert len({job({}), job({"topics": [{"name": "other"}]}), job({"brokers": 3})}) == 3


def test_the_topics_of_learnflow_are_asked_for():
    asked = json.loads(one(render(), "ConfigMap", "kafka-topics")["data"]["topics.json"])
    assert {topic["name"] for topic in asked["topics"]} >= {"learning.events", "exercise.submitted"}


def test_the_cluster_id_is_valid_and_stays():
    def identity(**arguments):
        return {e["name"]: e.get("value") for e in container(render(**arguments))["env"]}[
            "KAFKA_CLUSTER_ID"
        ]

    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", identity())
    assert identity() == identity(settings={"brokers": 3})
    assert identity(settings={"clusterId": "abcdefghijklmnopqrstuv"}) == "abcdefghijklmnopqrstuv"


def test_pods_run_without_rights():
    objects = render()
    for kind in ("StatefulSet", "Job"):
        pod = one(objects, kind)["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for item in pod["containers"]:
            assert item["image"] == "r/kafka:t"
            assert item["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_every_object_has_the_labels_of_its_release():
    for item in render({"brokers": 3}):
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "kafka"
        assert labels["app.kubernetes.io/name"] == "kafka"
        assert labels["helm.sh/chart"].startswith("kafka-")
    claim = one(render(), "StatefulSet")["spec"]["volumeClaimTemplates"][0]
    assert claim["metadata"]["labels"]["app.kubernetes.io/instance"] == "kafka"


def test_services_select_brokers_and_not_the_job():
    objects = render()
    labels = one(objects, "Job")["spec"]["template"]["metadata"]["labels"]
    for service in (o for o in objects if o["kind"] == "Service"):
        selector = service["spec"]["selector"].items()
        assert not selector <= labels.items()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"broker": 3}, "broker"),
        ({"brokers": "three"}, "brokers"),
        ({"brokers": 0}, "brokers"),
        ({"topics": [{"name": "a b"}]}, "topics.0.name"),
        ({"topics": [{"name": "a", "partition": 3}]}, "partition"),
        ({"externalAccess": {"enabeld": True}}, "enabeld"),
        ({"config": {"listeners": "PLAINTEXT://:1"}}, "listeners"),
        ({"config": {"log.retention.ms": 1, "log.retention.hours": 1}}, "config"),
        ({"config": {"nested": {"key": 1}}}, "config.nested"),
        ({"clusterId": "short"}, "clusterId"),
        ({"heap": "256"}, "heap"),
        ({"persistence": {"size": "many"}}, "persistence.size"),
    ],
)
def test_an_invalid_value_is_refused_with_its_key(settings, message):
    done = helm("template", "kafka", str(CHART), *options(settings, ()))
    assert done.returncode != 0
    assert message in done.stderr.replace("/", ".")


def test_an_image_is_required():
    command = [executable(), "template", "kafka", str(CHART)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "image.tag is required" in done.stderr


def test_another_release_name_changes_every_name():
    names = {o["metadata"]["name"] for o in render(name="events")}
    assert {name.split("-")[0] for name in names} == {"events"}

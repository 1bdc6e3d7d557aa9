"""The chart of Strimzi's resources as the real helm renders it; no cluster."""

import json
import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.paths import repo_root
from learnflow_infra.sources import chart_reading
from learnflow_infra.values import unknown_keys

ROOT = repo_root()
CHARTS = ROOT / "skills-library/kafka-k8s-setup/charts"
VALUES = ROOT / "charts-values"
DEPLOYED = ("kafka/values.yaml", "kafka/values-upstream.yaml")
SCRAM = {"name": "external", "authentication": {"type": "scram-sha-512"}}
ELSEWHERE = {"image", "clusterDomain", "topicsTimeout", "topicsJob", "global"}
"""Values of our own chart of Kafka that the operator's chart has, or that mean nothing here."""


def helm(verb, settings=(), files=DEPLOYED, *arguments):
    command = [executable(), verb, *arguments, str(CHARTS / "strimzi-kafka"), "-n", "learnflow"]
    command += [f"--values={VALUES / file}" for file in files]
    command += [f"--set-json={key}={json.dumps(value)}" for key, value in dict(settings).items()]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def render(settings=(), files=DEPLOYED):
    done = helm("template", settings, files, "kafka")
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def specs(objects, kind):
    return {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == kind}


def kafka(objects):
    return specs(objects, "Kafka")["kafka"]["kafka"]


def highly_available(tmp_path):
    values = yaml.safe_load((VALUES / "values-ha.yaml").read_text())
    assert list(values) == ["kafka"]
    path = tmp_path / "ha.yaml"
    path.write_text(yaml.safe_dump(values["kafka"]))
    return render(files=(*DEPLOYED, path))


@pytest.mark.parametrize("files", [(), ("kafka/values.yaml",), DEPLOYED])
def test_helm_lint_is_content(files):
    done = helm("lint", (), files, "--strict")
    assert done.returncode == 0, done.stdout


def test_values_have_the_names_of_our_own_chart():
    ours, theirs = (
        yaml.safe_load((CHARTS / name / "values.yaml").read_text())
        for name in ("kafka", "strimzi-kafka")
    )
    assert set(ours) - set(theirs) == ELSEWHERE
    for key in set(ours) & set(theirs):
        assert type(ours[key]) is type(theirs[key]), key
        if isinstance(ours[key], dict) and key != "config":
            assert set(ours[key]) == set(theirs[key]), key


def test_the_values_of_the_embedded_profile_are_taken_too():
    objects = render(files=("kafka/values.yaml", "kafka/values-embedded.yaml"))
    assert kafka(objects)["config"]["broker.session.timeout.ms"] == "4000"


def test_one_broker_is_its_own_controller_and_keeps_one_copy():
    objects = render()
    (pool,) = specs(objects, "KafkaNodePool").values()
    assert (pool["replicas"], pool["roles"]) == (1, ["controller", "broker"])
    assert "affinity" not in pool["template"]["pod"]
    config = kafka(objects)["config"]
    assert config["default.replication.factor"] == config["min.insync.replicas"] == "1"
    assert kafka(objects)["version"] == "4.3.1"


def test_clients_use_the_address_of_our_own_chart():
    """Strimzi deletes Services with the labels of its own that it did not make."""
    (service,) = [one for one in render() if one["kind"] == "Service"]
    assert service["metadata"]["name"] == "kafka"
    assert not [label for label in service["metadata"]["labels"] if label.startswith("strimzi.io")]
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (9092, 9092)
    assert service["spec"]["selector"]["strimzi.io/broker-role"] == "true"


def test_three_brokers_keep_three_copies():
    objects = render({"brokers": 3})
    (pool,) = specs(objects, "KafkaNodePool").values()
    assert pool["replicas"] == 3
    config = kafka(objects)["config"]
    copies = {value for key, value in config.items() if key.endswith("replication.factor")}
    assert copies == {"3"}
    assert config["min.insync.replicas"] == config["transaction.state.log.min.isr"] == "2"
    external = kafka(objects)["listeners"][1]["configuration"]
    assert external["bootstrap"]["nodePort"] == 30092
    assert [(b["broker"], b["nodePort"]) for b in external["brokers"]] == [
        (0, 30093),
        (1, 30094),
        (2, 30095),
    ]


def test_high_availability_survives_a_node(tmp_path):
    objects = highly_available(tmp_path)
    pools = specs(objects, "KafkaNodePool")
    assert {name: (p["replicas"], p["roles"]) for name, p in pools.items()} == {
        "broker": (3, ["broker"]),
        "controller": (3, ["controller"]),
    }
    for name, pool in pools.items():
        (term,) = pool["template"]["pod"]["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        labels = {"strimzi.io/cluster": "kafka", "strimzi.io/pool-name": name}
        assert term["labelSelector"]["matchLabels"] == labels
        claim = pool["template"]["persistentVolumeClaim"]["metadata"]
        assert claim["labels"]["app.kubernetes.io/component"] == name
    config = kafka(objects)["config"]
    assert (config["default.replication.factor"], config["min.insync.replicas"]) == ("3", "2")


def test_numbers_of_nodes_are_kept_apart(tmp_path):
    pools = [o for o in highly_available(tmp_path) if o["kind"] == "KafkaNodePool"]
    ids = [pool["metadata"]["annotations"]["strimzi.io/next-node-ids"] for pool in pools]
    assert ids == ["[0-99]", "[100-199]"]


def test_data_survives_the_removal_of_resources():
    objects = render()
    topics = [o for o in objects if o["kind"] == "KafkaTopic"]
    assert len(topics) == 2
    for topic in topics:
        assert topic["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    (pool,) = specs(objects, "KafkaNodePool").values()
    assert [volume["deleteClaim"] for volume in pool["storage"]["volumes"]] == [False]
    template = specs(objects, "Kafka")["kafka"]["entityOperator"]["template"]
    finalizers = {"name": "STRIMZI_USE_FINALIZERS", "value": "false"}
    assert finalizers in template["topicOperatorContainer"]["env"]


def test_the_cluster_id_is_derived_or_set():
    def given(settings=()):
        (pool,) = [o for o in render(settings) if o["kind"] == "KafkaNodePool"]
        return json.loads(pool["metadata"]["annotations"]["learnflow.infra/initial-status"])

    assert given() == given({"brokers": 3}) == {"clusterId": "206a0e13ff005faeb1daf3"}
    other = "AAAAAAAAAAAAAAAAAAAAAA"
    assert given({"clusterId": other}) == {"clusterId": other}


def test_a_pool_s_mark_changes_with_its_spec_alone():
    def mark(settings=()):
        (pool,) = specs(render(settings), "KafkaNodePool").values()
        return pool["template"]["podSet"]["metadata"]["annotations"]["learnflow.infra/pool"]

    assert mark() == mark({"topics": []}) == mark({"logLevel": "WARN"})
    assert len({mark(), mark({"brokers": 3}), mark({"heap": "300m"})}) == 3


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("learning.events", "learning.events"),
        ("Learning_Events", "learning-events-09e917b1"),
        ("learning-events", "learning-events"),
        ("__x__", "x-"),
        ("...", "topic-"),
        ("a" * 249, "a" * 200),
    ],
)
def test_every_topic_has_a_name_that_kubernetes_takes(name, resource):
    (made,) = [o for o in render({"topics": [{"name": name}]}) if o["kind"] == "KafkaTopic"]
    assert made["metadata"]["name"].startswith(resource)
    assert len(made["metadata"]["name"]) <= 253
    assert made["spec"] == {"topicName": name}


def test_names_that_differ_in_case_alone_stay_apart():
    topics = specs(render({"topics": [{"name": "A"}, {"name": "a"}]}), "KafkaTopic")
    assert sorted(spec["topicName"] for spec in topics.values()) == ["A", "a"]


def test_big_numbers_are_not_written_as_floats():
    settings = {
        "config": {"log.retention.bytes": 604800000000},
        "topics": [{"name": "t", "config": {"retention.ms": 604800000}}],
    }
    objects = render(settings)
    assert kafka(objects)["config"]["log.retention.bytes"] == "604800000000"
    assert specs(objects, "KafkaTopic")["t"]["config"] == {"retention.ms": "604800000"}


def listeners(objects):
    return {listener["name"]: listener for listener in kafka(objects)["listeners"]}


def test_listeners_are_merged_by_name():
    tls = {"name": "tls", "port": 9093, "type": "internal", "tls": True}
    ports = {"brokers": [{"broker": 0, "nodePort": 30100}, {"broker": 7, "nodePort": 30107}]}
    more = {"kafka": {"listeners": [tls, {"name": "external", "configuration": ports}]}}
    before, after = listeners(render()), listeners(render({"spec": more}))
    assert list(after) == ["plain", "external", "tls"]
    assert after["plain"] == before["plain"]
    assert after["tls"] == tls
    configuration = after["external"]["configuration"]
    assert configuration["bootstrap"] == before["external"]["configuration"]["bootstrap"]
    assert configuration["brokers"] == ports["brokers"]


def test_a_field_of_the_kafka_is_set_replaced_or_removed():
    spec = {
        "kafka": {"rack": {"topologyKey": "zone"}, "readinessProbe": None},
        "cruiseControl": {},
        "entityOperator": {"topicOperator": {"resources": {"limits": {"memory": "1Gi"}}}},
    }
    found = specs(render({"spec": spec}), "Kafka")["kafka"]
    assert found["kafka"]["rack"] == {"topologyKey": "zone"}
    assert "readinessProbe" not in found["kafka"]
    assert found["cruiseControl"] == {}
    resources = found["entityOperator"]["topicOperator"]["resources"]
    assert resources == {"limits": {"memory": "1Gi"}, "requests": {"cpu": "50m", "memory": "192Mi"}}


def test_environment_of_an_operator_keeps_what_the_chart_sets():
    env = [{"name": "A", "value": "b"}]
    spec = {"entityOperator": {"template": {"topicOperatorContainer": {"env": env}}}}
    found = specs(render({"spec": spec}), "Kafka")["kafka"]["entityOperator"]["template"]
    assert found["topicOperatorContainer"]["env"] == [
        {"name": "STRIMZI_USE_FINALIZERS", "value": "false"},
        *env,
    ]


def test_big_numbers_of_a_spec_keep_their_digits():
    config = {"log.retention.bytes": 2**60, "num.partitions": 3, "a": 0.5, "b": 10_485_760}
    found = kafka(render({"spec": {"kafka": {"config": config}}}))["config"]
    assert {key: found[key] for key in config} == config


def test_lists_without_names_are_replaced():
    def tolerations(key):
        pod = {"tolerations": [{"key": key}]}
        return {"broker": {"spec": {"template": {"pod": pod}}}}

    objects = render({"tolerations": [{"key": "all"}], "nodePools": tolerations("pool")})
    (pool,) = specs(objects, "KafkaNodePool").values()
    assert pool["template"]["pod"]["tolerations"] == [{"key": "pool"}]


def test_a_pool_gets_more_volumes_and_another_mark():
    def pool(nodes=()):
        (found,) = specs(render({"nodePools": dict(nodes)}), "KafkaNodePool").values()
        return found

    more = [{"id": 0, "size": "7Gi"}, {"id": 1, "type": "persistent-claim", "size": "1Gi"}]
    found = pool({"broker": {"spec": {"storage": {"volumes": more}}}})
    volumes = found["storage"]["volumes"]
    assert [(volume["id"], volume["size"]) for volume in volumes] == [(0, "7Gi"), (1, "1Gi")]
    assert volumes[0]["kraftMetadata"] == "shared"
    marks = [p["template"]["podSet"]["metadata"]["annotations"] for p in (pool(), found)]
    assert marks[0] != marks[1]


def test_a_pool_of_its_own_begins_with_the_brokers_settings():
    own = {"spec": {"replicas": 2, "roles": ["broker"], "resources": {"limits": {"cpu": 1}}}}
    pools = specs(render({"nodePools": {"big": own}}), "KafkaNodePool")
    assert list(pools) == ["broker", "big"]
    assert (pools["big"]["replicas"], pools["big"]["roles"]) == (2, ["broker"])
    assert pools["big"]["storage"] == pools["broker"]["storage"]
    limits = {**pools["broker"]["resources"]["limits"], "cpu": 1}
    assert pools["big"]["resources"]["limits"] == limits


@pytest.mark.parametrize("key", ["spec", "metadata", "nodePools", "users"])
def test_null_adds_nothing(key):
    assert render({key: None}) == render()


def test_no_field_of_strimzi_is_taken_for_a_typing_error():
    own = {"spec": {"replicas": 1, "roles": ["broker"], "template": {"pod": {"x": {}}}}}
    kafka_spec = {"rack": {"topologyKey": "a"}, "template": {"pod": {"metadata": {}}}}
    values = {
        "spec": {"kafka": kafka_spec, "cruiseControl": {"x": 1}, "entityOperator": {"y": {}}},
        "metadata": {"labels": {"a": "b"}},
        "nodePools": {"own": own},
        "users": {"app": {"spec": {"authentication": {"type": "tls"}}}},
    }
    assert unknown_keys(values, chart_reading.read(CHARTS / "strimzi-kafka").defaults) == []


def test_users_bring_their_operator():
    objects = render({"users": {"app": {"spec": {"authentication": {"type": "scram-sha-512"}}}}})
    assert specs(objects, "KafkaUser") == {"app": {"authentication": {"type": "scram-sha-512"}}}
    assert "userOperator" in specs(objects, "Kafka")["kafka"]["entityOperator"]
    assert "userOperator" not in specs(render(), "Kafka")["kafka"]["entityOperator"]


def test_metadata_is_merged():
    note = {"annotations": {"note": "x"}, "labels": {"team": "a"}}
    settings = {
        "metadata": note,
        "nodePools": {"broker": {"metadata": note}},
        "users": {"app": {"metadata": note}},
        "topics": [{"name": "t", "metadata": note}],
    }
    before = {o["kind"]: o["metadata"] for o in render()}
    for made in [one for one in render(settings) if one["kind"] != "Service"]:
        metadata = made["metadata"]
        assert metadata["annotations"]["note"] == "x"
        assert metadata["labels"] | {"team": "a"} == metadata["labels"]
        kept = before.get(made["kind"], {}).get("annotations", {})
        assert kept.items() <= metadata["annotations"].items()


def test_options_of_java_are_taken_apart():
    text = "-XX:+UseG1GC -XX:-UseNUMA  -XX:MaxGCPauseMillis=20 -Da.b=c=d"
    (pool,) = specs(render({"jvmOptions": text, "heap": "1g"}), "KafkaNodePool").values()
    assert pool["jvmOptions"] == {
        "-Xms": "1g",
        "-Xmx": "1g",
        "-XX": {"UseG1GC": "true", "UseNUMA": "false", "MaxGCPauseMillis": "20"},
        "javaSystemProperties": [{"name": "a.b", "value": "c=d"}],
    }


def test_where_pods_run_holds_for_every_kind_of_them():
    objects = render({"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "kafka"}]})
    (pool,) = specs(objects, "KafkaNodePool").values()
    operator = specs(objects, "Kafka")["kafka"]["entityOperator"]["template"]["pod"]
    for pod in (pool["template"]["pod"], operator):
        assert pod["tolerations"] == [{"key": "kafka"}]
        terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        (expression,) = terms["nodeSelectorTerms"][0]["matchExpressions"]
        assert expression == {"key": "disk", "operator": "In", "values": ["ssd"]}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"config": {"log.retention.ms": 1, "log.retention.hours": 1}}, "config"),
        ({"config": {"log.retention.ms": 1, "log.retention.minutes": 1}}, "config"),
        ({"config": {"listeners": "x"}}, "listeners"),
        ({"config": {"broker.rack": "x"}}, "broker.rack"),
        ({"config": {"controller.quorum.voters": "x"}}, "controller.quorum.voters"),
        ({"brokers": 0}, "brokers"),
        ({"brokers": 101}, "brokers"),
        ({"controllers": 2}, "controllers"),
        ({"broker": 3}, "broker"),
        ({"topics": [{"name": "a/b"}]}, "topics"),
        ({"topics": [{"name": "a", "partition": 3}]}, "partition"),
        ({"version": "4"}, "version"),
        ({"jvmOptions": "-Xmx2g"}, "jvmOptions"),
        ({"podAntiAffinity": "maybe"}, "podAntiAffinity"),
        ({"topicOperator": {"image": "x"}}, "image"),
        ({"spec": {"kafka": {"version": "4.2.0"}}}, "set `version` instead"),
        (
            {"spec": {"kafka": {"listeners": [{"name": "plain", "tls": True}]}}},
            "the verification use the listener",
        ),
        (
            {"spec": {"kafka": {"listeners": [{"name": "plain", "port": 9}]}}},
            "the verification use the listener",
        ),
        ({"spec": {"kafka": {"listeners": None}}}, "the verification use the listener"),
        ({"spec": {"kafka": {"listeners": [SCRAM]}}}, "externalAccess.enabled to false"),
        ({"spec": {"kafka": {"config": {"listeners": "x"}}}}, "listeners"),
        ({"spec": {"kafka": {"listeners": "x"}}}, "listeners"),
        ({"spec": {"kafka": {"listeners": [None]}}}, "listeners/0"),
        ({"spec": {"entityOperator": "x"}}, "entityOperator"),
        ({"spec": {"entityOperator": None}}, "spec.entityOperator.topicOperator"),
        ({"users": {"a": {}}, "spec": {"entityOperator": {"userOperator": None}}}, "userOperator"),
        ({"nodePools": {"broker": {"spec": {"replicas": 3}}}}, "set `brokers`"),
        ({"nodePools": {"more": {"spec": {"roles": []}}}}, "set `brokers`"),
        ({"nodePools": {"controller": {}}}, "set `controllers`"),
        ({"nodePools": {"own": {"spec": {"replicas": 3}}}}, "needs replicas and roles"),
        ({"users": {"a": {"authentication": {}}}}, "authentication"),
    ],
)
def test_invalid_values_are_refused(settings, words):
    done = helm("template", settings, DEPLOYED, "kafka")
    assert done.returncode != 0
    assert words in done.stderr

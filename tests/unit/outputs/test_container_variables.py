"""What a container gets in its environment, and from which Secret."""

import pytest

from learnflow_infra.models import Variables
from learnflow_infra.outputs.container_variables import SecretKey, resolve, secret_keys, servers

VARIABLES = Variables(names=("USER", "USERNAME"), default="postgres")
SECRET = {"name": "s", "secret": {"secretName": "made"}}
ITEMS = {
    "name": "s",
    "secret": {"secretName": "made", "items": [{"key": "app.pw", "path": "user"}]},
}
PROJECTED = {
    "name": "s",
    "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "made"}}]},
}
FILE = {"name": "USER_FILE", "value": "/secrets/user"}
MOUNT = {"name": "s", "mountPath": "/secrets"}
CONFIG = {"c": {"USER": "from-config", "other": "by-key"}}


def text(name, value):
    return {"name": name, "value": value}


def source(kind, name, key):
    return {"name": "USER", "valueFrom": {kind: {"name": name, "key": key}}}


TABLE = {
    "not set": ({}, [], "postgres"),
    "a value": ({"env": [text("USER", "app")]}, [], "app"),
    "the first name that is set": ({"env": [text("USERNAME", "a"), text("USER", "")]}, [], "a"),
    "the last entry of a name": ({"env": [text("USER", "a"), text("USER", "b")]}, [], "b"),
    "a Secret": ({"env": [source("secretKeyRef", "s", "k")]}, [], SecretKey(secret="s", key="k")),
    "a ConfigMap": ({"env": [source("configMapKeyRef", "c", "other")]}, [], "by-key"),
    "all of a ConfigMap": ({"envFrom": [{"configMapRef": {"name": "c"}}]}, [], "from-config"),
    "env before envFrom": (
        {"env": [text("USER", "app")], "envFrom": [{"configMapRef": {"name": "c"}}]},
        [],
        "app",
    ),
    "a file": (
        {"env": [FILE], "volumeMounts": [MOUNT]},
        [SECRET],
        SecretKey(secret="made", key="user"),
    ),
    "a file of items": (
        {"env": [FILE], "volumeMounts": [MOUNT]},
        [ITEMS],
        SecretKey(secret="made", key="app.pw"),
    ),
    "a projected file": (
        {"env": [FILE], "volumeMounts": [MOUNT]},
        [PROJECTED],
        SecretKey(secret="made", key="user"),
    ),
    "the innermost mount": (
        {"env": [FILE], "volumeMounts": [{"name": "x", "mountPath": "/"}, MOUNT]},
        [SECRET],
        SecretKey(secret="made", key="user"),
    ),
    "a file of a key": (
        {"env": [FILE], "volumeMounts": [{**MOUNT, "mountPath": "/secrets/user", "subPath": "k"}]},
        [SECRET],
        SecretKey(secret="made", key="k"),
    ),
    "a file of no Secret": ({"env": [FILE]}, [], "postgres"),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_variable(case):
    container, volumes, value = TABLE[case]
    pod = {"containers": [{"name": "db", **container}], "volumes": volumes}
    rendered = [{"kind": "StatefulSet", "spec": {"template": {"spec": pod}}}]
    (server,) = servers(rendered, {}, "sql")
    assert resolve(server, VARIABLES, lambda name: CONFIG.get(name, {})) == value


def pods(kind, labels, *containers):
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}}
    return {"kind": kind, "spec": {"template": template}}


def test_a_server_is_the_container_with_the_port():
    port = {"ports": [{"name": "sql", "containerPort": 5432}]}
    rendered = [
        {"kind": "Service", "metadata": {"name": "db"}, "spec": {}},
        {"kind": "ConfigMap", "metadata": {"name": "db"}},
        pods("StatefulSet", {"role": "primary"}, {"name": "sidecar"}, {"name": "db", **port}),
        pods("StatefulSet", {"role": "read"}, {"name": "db", **port}),
        pods("Job", {"role": "primary"}, {"name": "topics"}),
    ]
    for name in ("sql", "5432"):
        (found,) = servers(rendered, {"role": "primary"}, name)
        assert found.container["name"] == "db"
    assert len(servers(rendered, {}, "sql")) == 2
    assert [each.container["name"] for each in servers(rendered, {"role": "primary"}, "x")] == [
        "sidecar",
        "topics",
    ]


def test_the_keys_that_pods_need_of_a_secret():
    optional = {"secretKeyRef": {"name": "made", "key": "c", "optional": True}}
    environment = [
        source("secretKeyRef", "made", "a"),
        source("secretKeyRef", "other", "b"),
        {"name": "X", "valueFrom": optional},
    ]
    one = {"name": "db", "env": [*environment, FILE], "volumeMounts": [MOUNT]}
    pod = {"initContainers": [{"name": "i"}], "containers": [one], "volumes": [SECRET]}
    rendered = [{"kind": "StatefulSet", "spec": {"template": {"spec": pod}}}]
    assert secret_keys(rendered, "made") == {"a", "user"}
    pod["volumes"] = [ITEMS]
    assert secret_keys(rendered, "made") == {"a", "app.pw"}

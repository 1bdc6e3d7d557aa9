import pytest

from learnflow_infra.masking import masked, masked_values
from learnflow_infra.masking.names import is_secret
from learnflow_infra.models import ReleaseName
from learnflow_infra.values import Flags, read_overrides

SECRET = """
auth.password auth.postgresPassword adminPasswd db.passwd pgpass passphrase apiToken token
token.value clientSecret secret auth.secretKey s3.secretAccessKey aws.accessKey apiKey api-key
api_key privateKey encryptionKey credentials.user secrets.a stringData.x sasl.jaasConfig
users[0].password smtp.pwd bearerValue
""".split()  # noqa: SIM905 - a table is read more easily
PLAIN = """
auth.username auth.existingSecret existingSecretPassword auth.secretKeys.adminPasswordKey
auth.usePasswordFiles.enabled tls.secretName passwordFile tokenPath imagePullSecrets
global.imagePullSecrets passwordSecretRef heap key config.key tokenExpirationSeconds
authorization.type compass.size
""".split()  # noqa: SIM905


@pytest.mark.parametrize("key", SECRET)
def test_keys_of_secrets(key):
    assert is_secret(key.split("."))


@pytest.mark.parametrize("key", PLAIN)
def test_keys_that_name_no_secret_or_tell_where_one_is(key):
    assert not is_secret(key.split("."))


def test_what_is_hidden_and_what_is_not():
    document = {
        "auth": {"password": "x", "empty": {"password": ""}, "existingSecret": "name"},
        "usePassword": True,
        "password": 12345678,
        "token": None,
        "secrets": {"a": {"b": "x"}, "list": ["x", {"c": "x"}]},
        "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "DB_HOST", "value": "h"}],
        "url": "postgres://u:x@h/db?password=x",
        "dsn": "host=h password=x user=u",
        "tls": {"key": "-----BEGIN RSA PRIVATE KEY-----\nx"},
        "cert": "-----BEGIN CERTIFICATE-----\nc",
    }
    assert masked_values(document) == {
        "auth": {"password": "***", "empty": {"password": ""}, "existingSecret": "name"},
        "usePassword": True,
        "password": "***",
        "token": None,
        "secrets": {"a": {"b": "***"}, "list": ["***", {"c": "***"}]},
        "env": [{"name": "DB_PASSWORD", "value": "***"}, {"name": "DB_HOST", "value": "h"}],
        "url": "postgres://u:***@h/db?password=***",
        "dsn": "host=h password=*** user=u",
        "tls": {"key": "***"},
        "cert": "-----BEGIN CERTIFICATE-----\nc",
    }


@pytest.mark.parametrize(
    ("flags", "source"),
    [
        ({"set_values": ("kafka.a=1,kafka.password=x",)}, "--set kafka.password=***"),
        ({"set_string": ("kafka.url=http://u:x@h",)}, "--set-string kafka.url=***"),
        ({"set_json": ('kafka.auth={"token":"x"}',)}, "--set-json kafka.auth=***"),
        ({"set_json": ('kafka.a={"b": [1]},',)}, '--set-json kafka.a={"b": [1]}'),
        ({"set_values": (r"kafka.l={a,b\,c}",)}, r"--set kafka.l={a,b\,c}"),
        ({"set_values": ("kafka.a=" + "x" * 99,)}, "--set kafka.a=" + "x" * 59 + "…"),
    ],
)
def test_flags_are_shown_as_typed_but_for_secrets(flags, source):
    overrides = read_overrides(Flags(**flags), [ReleaseName("kafka")])
    assert overrides.assignments[-1].source == source


def test_the_path_behind_set_file_is_shown(tmp_path):
    file = tmp_path / "p"
    file.write_text("x")
    overrides = read_overrides(Flags(set_file=(f"kafka.password={file}",)), [ReleaseName("kafka")])
    assert overrides.assignments[0].source == f"--set-file kafka.password={file}"


NAMES = """
password POSTGRES_PASSWORD db_pass dbpass passphrase pgpass htpasswd pwd secret clientSecret token
api_key api-key apiKey accessKey AccountKey privateKey encryption_key signingKey licenseKey
credential credentials jaas bearer string_data
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", NAMES)
def test_texts_and_values_hide_the_same_names(name):
    assert masked_values({name: "hunter2"}) == {name: "***"}
    assert masked_values([f"--{name} hunter2"]) == [f"--{name} ***"]
    for pair in (f"{name}=hunter2", f"{name}: hunter2", f'"{name}": "hunter2"'):
        assert "hunter2" not in masked(f"level=info {pair} x=1")
        assert "hunter2" not in masked_values({"config": f"a=1\n{pair}"})["config"]


@pytest.mark.parametrize("name", ["existingSecret", "secretName", "tokenFile", "compass", "bypass"])
def test_texts_and_values_show_the_same_names(name):
    assert masked_values({name: "db"}) == {name: "db"}
    assert masked(f"level=info {name}=db x=1") == f"level=info {name}=db x=1"
    assert masked(f"{name}: password=x") == f"{name}: password=***"


def test_a_name_above_a_block_hides_none_of_its_names():
    text = "secret:\n  password: hunter2\n  user: u"
    assert masked(text) == "secret:\n  password: ***\n  user: u"

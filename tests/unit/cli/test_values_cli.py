import json

import pytest
import yaml
from typer.testing import CliRunner

from learnflow_infra.cli.main import app


def run(*args):
    return CliRunner().invoke(app, ["values", "--profile", "embedded", *args])


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("kafka:\n  heap: 512m\n  brokres: 3\npostgres: {auth: {password: hunter2}}\n")
    return str(file)


def test_the_values_that_charts_see_can_be_used_as_a_file_again(mine):
    done = run("-f", mine, "--set", "kafka.heap=1g")
    assert done.exit_code == 0
    seen = yaml.safe_load(done.stdout)
    assert set(seen) == {"kafka", "postgres"}
    assert seen["kafka"]["heap"] == "1g"
    assert seen["kafka"]["persistence"]["size"] == "2Gi"
    assert seen["postgres"]["auth"]["password"] == "***"


def test_as_json(mine):
    done = run("kafka-k8s-setup", "-f", mine, "-o", "json")
    document = json.loads(done.stdout)
    assert document["kind"] == "Values"
    assert document["releases"]["kafka"]["heap"] == "512m"


def test_unknown_keys_are_warned_about_on_stderr_once(mine):
    done = run("-f", mine)
    hint = f"-f {mine}:3: the chart has no key kafka.brokres. Did you mean kafka.brokers?"
    assert done.stderr.count(hint) == 1


def test_explain(mine):
    done = run("-f", mine, "--set", "kafka.heap=1g", "--explain", "kafka.heap")
    first, *rest = done.stdout.splitlines()
    assert first == "kafka.heap: 1g"
    assert rest[-2:] == [f"    512m  -f {mine}:2", "  = 1g    --set kafka.heap=1g"]
    assert "charts-values/kafka/values-embedded.yaml:" in rest[-3]
    assert "skills-library/kafka-k8s-setup/charts/kafka/values.yaml:" in rest[0]


def test_explain_as_json_hides_secrets(mine):
    done = run("-f", mine, "--explain", "postgres.auth", "-o", "json")
    keys = {item["key"]: item for item in json.loads(done.stdout)["keys"]}
    assert keys["postgres.auth.password"]["value"] == "***"
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--set", "kafak.heap=1g"], "Did you mean kafka?"),
        (["--set", "kafka.heap"], "--set: the key 'kafka.heap' has no value."),
        (["--set", "kafka.heap.x=1"], "--set kafka.heap.x: 'heap' is a text, not a mapping."),
        (["--set-json", "kafka.heap=x"], "is not JSON"),
        (["--set-string", ""], "--set-string is empty."),
        (["--set-file", "kafka.heap=/none"], "--set-file: /none cannot be read."),
        (["--explain", "kafka.haep"], "Did you mean kafka.heap?"),
    ],
)
def test_mistakes_are_input_errors(args, message):
    done = run(*args)
    assert done.exit_code == 3
    assert message in done.stderr
    assert done.stdout == ""

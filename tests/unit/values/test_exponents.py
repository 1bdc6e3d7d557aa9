"""Numbers that a chart prints as floats; helm is the oracle of their texts."""

import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.documents import parse_all
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.values import Flags, compute, read_overrides
from learnflow_infra.values.exponents import exponent, warnings

DEMO = ReleaseName("demo")
NUMBERS = [10**6, 1_048_576, 10_485_760, 1_073_741_824, -(10**7), 2**60, 10**20, 123_456_789]


@pytest.fixture(scope="module")
def chart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chart")
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 0.1.0\n")
    (folder / "templates/map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\ndata:\n"
        "  conf: |\n    {{- range .Values.numbers }}\n    number = {{ . }}\n    {{- end }}\n"
        '  password: "{{ .Values.password }}"\n'
        "replicas: {{ .Values.replicas }}\n"
    )
    return folder


def render(chart, path, *flags):
    command = [executable(), "template", "demo", str(chart), "-f", str(path), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return parse_all(done.stdout)


def computed(tmp_path, values, *set_values):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"demo": values}))
    plain = tmp_path / "plain.yaml"
    plain.write_text(yaml.safe_dump(values))
    overrides = read_overrides(Flags(files=(path,), set_values=set_values), [DEMO])
    return compute(DEMO, Profile("embedded"), overrides=overrides, folder=tmp_path), plain


def test_the_texts_are_those_of_helm(chart, tmp_path):
    _, plain = computed(tmp_path, {"numbers": NUMBERS})
    (made,) = render(chart, plain)
    printed = [line.rpartition(" ")[2] for line in made["data"]["conf"].splitlines() if line]
    assert printed == list(map(exponent, NUMBERS))


def test_a_number_in_a_text_is_named_with_its_place(chart, tmp_path):
    one, plain = computed(tmp_path, {"numbers": [5, 10_485_760], "replicas": 2_000_000})
    (line,) = warnings(one, render(chart, plain))
    assert line.startswith(f"-f {tmp_path / 'mine.yaml'}:2: demo.numbers: the chart prints")
    assert line.endswith("10485760 as 1.048576e+07 in ConfigMap/demo. Write it in quotes.")


def test_a_secret_is_not_shown(chart, tmp_path):
    one, plain = computed(tmp_path, {"password": 12_345_678})
    (line,) = warnings(one, render(chart, plain))
    assert "this number with an exponent" in line
    assert "12345678" not in line
    assert "1.2345678" not in line


@pytest.mark.parametrize("value", ["10485760", 100_000, 1.5, True, None])
def test_what_is_printed_as_written_is_no_warning(chart, tmp_path, value):
    one, plain = computed(tmp_path, {"numbers": [value]})
    assert warnings(one, render(chart, plain)) == []


def test_an_integer_of_set_is_no_warning(chart, tmp_path):
    one, plain = computed(tmp_path, {"numbers": []}, "demo.numbers[0]=10485760")
    assert warnings(one, render(chart, plain, "--set", "numbers[0]=10485760")) == []

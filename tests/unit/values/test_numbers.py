"""Integers that Helm would round are refused, with the way to write them; the others arrive."""

import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.paths import repo_root
from learnflow_infra.values import Flags, compute, previous, read_overrides

KAFKA = ReleaseName("kafka")
LONGEST = "9223372036854775807"
"""Kafka's own default of log.flush.interval.messages: the largest long of Java."""
NUMBERS = yaml.safe_load((repo_root() / "tests/unit/tables/values_numbers.yaml").read_text())


def read(*files, **flags):
    return read_overrides(Flags(files=files, **flags), [KAFKA])


def write(folder, text):
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("number", NUMBERS["exact"] + NUMBERS["floats"])
def test_a_number_that_a_float_holds_is_taken(tmp_path, number):
    read(write(tmp_path, f"kafka: {{a: [{number}]}}\n"))


@pytest.mark.parametrize("number", NUMBERS["rounded"])
def test_an_integer_that_helm_would_round_is_refused_with_its_line_and_key(tmp_path, number):
    path = write(tmp_path, f"kafka:\n  config:\n    flush.messages: {number}\n")
    with pytest.raises(InputError) as refused:
        read(path)
    digits = number.rpartition(" ")[2]
    where = rf"{path}:3: kafka.config.flush\.messages: the integer {digits}"
    assert refused.value.what == f"{where} would be rounded by Helm."
    assert f'"{digits}"' in str(refused.value.remedy)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What a chart prints of each number."""
    chart = tmp_path_factory.mktemp("chart")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: numbers\nversion: 0.1.0\n")
    template = 'numbers: [{{ range .Values.numbers }}{{ printf "%.0f" . | quote }},{{ end }}]\n'
    (chart / "templates/numbers.yaml").write_text(template)

    def print_(numbers):
        values = "numbers:\n" + "".join(f"- {number}\n" for number in numbers)
        command = [executable(), "template", "x", str(chart), "-f", "-"]
        done = subprocess.run(command, input=values, capture_output=True, text=True, check=True)
        return [int(digits) for digits in yaml.safe_load(done.stdout)["numbers"]]

    return print_


def written(number):
    """The integer that a text writes, by Python's own rules."""
    digits = number.rpartition(" ")[2].replace("_", "")
    try:
        return int(digits, 0)
    except ValueError:
        mantissa, _, exponent = digits.partition("e")
        whole, _, decimals = mantissa.partition(".")
        shift = int(exponent or 0) - len(decimals)
        scaled = int(whole + decimals)
        return scaled * 10**shift if shift >= 0 else scaled // 10**-shift


def test_the_table_tells_what_helm_does(printed):
    exact, rounded = NUMBERS["exact"], NUMBERS["rounded"][:-1]  # the last is exact, above 1e21
    assert printed(exact) == list(map(written, exact))
    for number, arrived in zip(rounded, printed(rounded), strict=True):
        assert arrived != written(number), number


@pytest.mark.parametrize(
    "text",
    [
        "kafka:\n  a: {b: [1, LONGEST]}\n",
        "kafka: &k\n  a: LONGEST\npostgres: {}\n",
        "kafka:\n  a:\n    <<: {b: LONGEST}\n",
        "kafka:\n  a: LONGEST\n  b: LONGEST\n",
        "global: {a: LONGEST}\n",
    ],
    ids=["list", "anchor", "merge", "two", "global"],
)
def test_every_place_of_a_file_is_checked(tmp_path, text):
    path = write(tmp_path, text.replace("LONGEST", LONGEST))
    with pytest.raises(InputError, match="rounded by Helm") as refused:
        read_overrides(Flags(files=(path,)), [KAFKA, ReleaseName("postgres")])
    assert f"{refused.value.what}\n{refused.value.why}".count("would be rounded") == text.count(
        "LONGEST"
    )


@pytest.mark.parametrize(
    "text",
    [f"kafka.a={LONGEST}", f'kafka.a={{"b": [1, {LONGEST}]}}', f"kafka.b=1,kafka.a= {LONGEST} ,"],
)
def test_an_integer_of_set_json_is_refused(text):
    with pytest.raises(InputError, match=r"--set-json kafka\.a=.*would be rounded by Helm"):
        read(set_json=(text,))


def test_a_number_that_may_be_a_secret_is_not_shown(tmp_path):
    path = write(tmp_path, f"kafka:\n  password: {LONGEST}\n  list: [{{token: {LONGEST}}}]\n")
    for given in ({"files": (path,)}, {"set_json": (f"kafka.password={LONGEST}",)}):
        with pytest.raises(InputError) as refused:
            read_overrides(Flags(**given), [KAFKA])
        error = refused.value
        assert LONGEST not in f"{error.what} {error.why}"


def test_what_set_and_quotes_give_arrives_exactly(tmp_path):
    path = write(tmp_path, f'kafka: {{a: "{LONGEST}"}}\n')
    computed = compute(
        KAFKA,
        Profile("embedded"),
        overrides=read(path, set_values=(f"kafka.b={LONGEST},kafka.c={{1,{LONGEST}}}",)),
        folder=tmp_path,
    )
    assert computed.values == {"a": LONGEST, "b": int(LONGEST), "c": [1, int(LONGEST)]}
    assert f"b={LONGEST}" in computed.set_arguments


@pytest.mark.parametrize("file", ["values.yaml", "values-embedded.yaml"])
def test_a_file_of_charts_values_is_checked(tmp_path, file):
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / file).write_text(f"config:\n  a: {LONGEST}\n")
    with pytest.raises(InputError, match=rf"kafka/{file}:2: config.a: the integer {LONGEST}"):
        compute(KAFKA, Profile("embedded"), folder=tmp_path)


@pytest.mark.parametrize("value", [2**63, [1, {"x": 2**60}], -(2**53) - 2])
def test_a_number_that_helms_record_may_have_rounded_is_not_reused(value):
    with pytest.raises(InputError, match=r"revision 3: helm's record .* config\.a\\\.b\."):
        previous.layer("revision 3", {("config", "a.b"): value})


@pytest.mark.parametrize("value", [2**53, [1], "9223372036854775807", True, None, 0.5, 1e300])
def test_other_numbers_of_the_record_are_reused(value):
    assert previous.layer("revision 3", {("config", "a"): value}).values == {"config": {"a": value}}

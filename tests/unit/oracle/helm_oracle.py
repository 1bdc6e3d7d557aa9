"""What charts see when the real helm computes their values: the oracle of the values' tests.

The charts print their values with the Go type of every number, for a template prints the
integer 10000000 and the float 1e+07 differently.
"""

import base64
import json
import re
import subprocess
from pathlib import Path

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.values.assign import assign
from learnflow_infra.values.grammar import parse
from learnflow_infra.values.typed import SetInteger

PRINT = """{{- define "seen" -}}
{{- $kind := kindOf . -}}
{{- if eq $kind "map" -}}
{"map":[{{ range $k, $v := . }}[{{ toJson $k }},{{ include "seen" $v }}],{{ end }}0]}
{{- else if eq $kind "slice" -}}
{"list":[{{ range . }}{{ include "seen" . }},{{ end }}0]}
{{- else -}}
{"{{ $kind }}":{{ toJson . }}}
{{- end -}}
{{- end -}}
seen-{{ .Chart.Name }}: {{ include "seen" .Values | b64enc }}
"""
FLAGS = ("--set-json", "--set", "--set-string", "--set-file")


def write_chart(folder: Path, name: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
    (folder / "templates/values.yaml").write_text(PRINT)
    return folder


def seen(chart: Path, arguments: list, stdin: str = "") -> dict | None:
    """Chart name to the values that it sees; None when helm refuses."""
    command = [executable(), "template", "x", str(chart), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)
    if done.returncode:
        assert "Error:" in done.stderr
        return None
    found = re.findall(r"^seen-(\S+): (\S*)$", done.stdout, re.MULTILINE)
    return {name: _plain(_load(base64.b64decode(text))) for name, text in found}


def _load(text):
    return json.loads(text, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))


def _plain(node):
    ((kind, value),) = node.items()
    if kind == "map":
        return {key: _plain(item) for key, item in value[:-1]}
    if kind == "list":
        return [_plain(item) for item in value[:-1]]
    return ("int64", value) if kind == "int64" else typed(value)


def typed(value):
    """Our values in the form of the oracle's: every number with the type that a chart sees."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, SetInteger):
        return ("int64", int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("float64", str(float(value)))
    return value


def with_integers(values, set_arguments):
    """Values with the integers that helm gets by `--set`; changes them."""
    for argument in set_arguments:
        (assignment,) = parse("--set", argument, str)
        assign(values, assignment)
    return typed(values)

"""How helm is started; a stand-in prints what it was given."""

import asyncio

import pytest

from learnflow_infra.clients import helm_program
from learnflow_infra.clients.helm_program import HelmCommand, run, translate
from learnflow_infra.errors import InputError


def test_helm_gets_the_environment_of_the_target_beside_ones_own(tmp_path, monkeypatch):
    program = tmp_path / "helm"
    program.write_text('#!/bin/sh\necho "$NO_PROXY $OWN $*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(helm_program, "executable", lambda: str(program))
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("OWN", "own")
    command = HelmCommand(environment={"NO_PROXY": "localhost,10.213.0.2"})
    out = asyncio.run(command.run(["list", "a b"])).decode()
    assert out.startswith("localhost,10.213.0.2 own ")
    assert "list a b" in out


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{{ fail "brokers: two are too few" }}', "brokers: two are too few"),
        ('{{ required "size is required" .Values.size }}', "size is required"),
    ],
)
def test_what_a_chart_refuses_is_wrong_input(tmp_path, template, words):
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: own\nversion: 0.1.0\n")
    (tmp_path / "templates/all.yaml").write_text(template)
    with pytest.raises(InputError, match="The chart of own refuses its values") as refused:
        asyncio.run(translate("own", run(["template", "own", tmp_path])))
    assert refused.value.why == f"{words} (own/templates/all.yaml:1:3)"

"""How helm is started; a stand-in prints what it was given."""

import asyncio

from learnflow_infra.clients import helm_program
from learnflow_infra.clients.helm_program import HelmCommand


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

"""A verb that needs helm before it is built shows the build, which takes minutes."""

from pathlib import Path

import pytest

from learnflow_infra.checks import Check
from learnflow_infra.clients import helm_choice
from learnflow_infra.clusters.embedded import inventory
from learnflow_infra.engine.gate import checkout, machine
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.verbs import bundle_create, deploy, diff, doctor, rights, template
from learnflow_infra.engine.verbs import values as values_verb
from learnflow_infra.errors import FoundationError, InputError
from learnflow_infra.events import Message, ignore

BUILDING = Message(text="building helm")


class BuildError(Exception):
    """Ends a first build of helm at once."""


@pytest.fixture(autouse=True)
def _new_machine(monkeypatch, tmp_path):
    """Without a cluster, and with a helm that is still to be built."""

    def build(emit=ignore):
        emit(BUILDING)
        raise BuildError

    monkeypatch.setattr(helm_choice, "ensure", build)
    monkeypatch.setattr(checkout, "checks", lambda _: [])
    monkeypatch.setattr(machine, "checks", lambda _plan, demand: [demand()])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert inventory.status("learnflow").state == "absent"


@pytest.mark.parametrize(
    ("profile", "verb"),
    [
        ("embedded", deploy.deploy),
        ("embedded", diff.diff),
        ("embedded", doctor.doctor),
        ("embedded", template.template),
        ("embedded", lambda options, emit: rights.grants(options, {}, emit)),
        ("upstream", deploy.deploy),
        ("upstream", values_verb.values),
        ("upstream", lambda options, emit: bundle_create.create(options, Path("bundle.tar"), emit)),
    ],
)
def test_the_build_is_shown(profile, verb, monkeypatch):
    monkeypatch.setattr(bundle_create, "_locked", lambda _: [])
    shown = []
    with pytest.raises(BuildError):
        verb(Options(profile=profile), shown.append)
    assert BUILDING in shown


def test_values_of_charts_in_the_checkout_need_no_helm():
    assert values_verb.values(Options(profile="embedded"), ignore)


def test_doctor_lists_that_there_is_no_helm_among_the_other_checks(monkeypatch):
    def no_helm(_emit):
        raise FoundationError("helm cannot be built.", remedy="Install Go.")

    monkeypatch.setattr(helm_choice, "ensure", no_helm)
    monkeypatch.setattr(checkout, "checks", lambda _: [Check(name="helm", passed=True, message="")])
    checks = doctor.doctor(Options(profile="embedded"), ignore)
    assert [check.name for check in checks] == ["helm", "releases", "cluster"]
    failed = Check(
        name="releases", passed=False, message="helm cannot be built.", remedy="Install Go."
    )
    assert checks[1] == failed


def test_a_value_that_a_chart_refuses_is_wrong_input_of_doctor(monkeypatch):
    def refused(_plan, _demand):
        raise InputError("kafka.brokers must be an integer.")

    monkeypatch.setattr(machine, "checks", refused)
    with pytest.raises(InputError):
        doctor.doctor(Options(profile="embedded"), ignore)

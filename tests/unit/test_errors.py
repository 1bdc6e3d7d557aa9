import importlib
import json
import pkgutil

import pytest

import learnflow_infra
from learnflow_infra import errors
from learnflow_infra.cli.main import exit_codes
from learnflow_infra.errors import ArtifactError, HostError, LearnflowError, from_document
from learnflow_infra.remedy import Command, Remedy

REMEDY = Remedy("Start it: ", Command("cluster", "up", "--name", "a b"))
CAUSE = {"code": "CrashLoop", "object": "Pod/a", "evidence": ["log: x"], "remedy": "Correct it."}


class RefusedByRegistryError(ArtifactError):
    def __init__(self, host: str, status: int) -> None:
        super().__init__(f"{host} answered {status}.", why="Its token is over.")
        self.host, self.status = host, status


def sent(error: LearnflowError) -> LearnflowError:
    return from_document(json.loads(json.dumps(error.document())))


def every_class() -> list[type[LearnflowError]]:
    for module in pkgutil.walk_packages(learnflow_infra.__path__, "learnflow_infra."):
        if not module.name.endswith("__main__") and ".node" not in module.name:
            importlib.import_module(module.name)
    return [kind for kind in errors.subclasses() if kind.__module__.startswith("learnflow_infra.")]


def example(kind: type[LearnflowError]) -> LearnflowError:
    arguments = dict.fromkeys(errors.parameters(kind), "text")
    known = {"status": 404, "fault": "TLS", "causes": [CAUSE], "remedy": REMEDY}
    return kind(**{name: known.get(name, text) for name, text in arguments.items()})


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_an_error_of_every_class_survives_its_document(kind):
    error, copy = example(kind), sent(example(kind))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert {name: type(value) for name, value in vars(copy).items()} == {
        name: type(value) for name, value in vars(error).items()
    }
    assert (str(copy), copy.args) == (str(error), error.args)


def test_a_subclass_with_another_constructor_keeps_its_own_fields():
    copy = sent(RefusedByRegistryError("r.example", 401))
    assert isinstance(copy, RefusedByRegistryError)
    assert (copy.host, copy.status, copy.why) == ("r.example", 401, "Its token is over.")


def test_causes_and_remedy_stay_structured():
    copy = sent(HostError("It ended.", why="w", remedy=REMEDY, causes=[CAUSE]))
    assert (copy.remedy, copy.causes) == (REMEDY, (CAUSE,))


def test_an_unknown_class_becomes_the_nearest_known_one_and_keeps_its_words():
    document = RefusedByRegistryError("r.example", 401).document()
    document["classes"][0] = "elsewhere.UnknownError"
    copy = from_document(document)
    assert type(copy) is ArtifactError
    assert str(copy) == "r.example answered 401.\nIts token is over."
    assert type(from_document({**document, "classes": ["elsewhere.UnknownError"]})) is (
        LearnflowError
    )


def test_classes_with_one_exit_code_have_one_title_and_one_ancestor():
    every_class()
    ancestors = {kind.exit_code: kind for kind in LearnflowError.__subclasses__()}
    codes = exit_codes()
    for kind in errors.subclasses():
        if kind.__module__.startswith("learnflow_infra."):
            assert codes[kind.exit_code] == kind.title
            assert issubclass(kind, ancestors[kind.exit_code])


def test_the_exit_codes_know_every_subclass():
    class DeepError(RefusedByRegistryError):
        exit_code, title = 77, "deep"

    assert exit_codes()[77] == "deep"
    del DeepError

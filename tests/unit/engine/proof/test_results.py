"""What a failed verification says, and what to type next."""

import pytest

from learnflow_infra.engine.proof import results
from learnflow_infra.remedy import Command, Remedy


def result(message):
    check = {"name": "c", "from": "host", "passed": False, "message": message, "seconds": 0.0}
    return {"skill": "s", "checks": [check]}


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("broken", ("s c (from host): broken",)),
        (
            "no pod; run: learnflow-infra diagnose",
            ("s c (from host): no pod; run: ", Command("diagnose")),
        ),
        (
            "lost; run: learnflow-infra cluster status",
            ("s c (from host): lost; run: ", Command("cluster", "status")),
        ),
    ],
)
def test_a_command_of_a_verify_program_is_one_of_this_run(message, parts):
    error = results.failure([result(message)])
    assert Remedy(error.why) == Remedy(*parts)


def test_a_check_that_lacks_a_right_is_11_with_the_right():
    denied = (
        'Error from server (Forbidden): pods "a" is forbidden: User "u" cannot create resource '
        '"pods/exec" in API group "" in the namespace "n"'
    )
    error = results.failure([result(denied)])
    assert error.exit_code == 11
    assert error.what == "You may not create pods/exec in the namespace n."

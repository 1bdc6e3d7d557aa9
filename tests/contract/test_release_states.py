"""Every verb in every state of a release, made for real; docs/release-states.md shows the table."""

import pytest

from tests.contract.demo_skill import checkout, foundation, options, skill, user
from tests.contract.release_states import ROWS, VERBS, Maker, code

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = [pytest.mark.contract, pytest.mark.full]
CASES = [(row, verb) for row in ROWS for verb in VERBS]


@pytest.mark.parametrize(("row", "verb"), CASES, ids=[f"{row['name']}-{v}" for row, v in CASES])
def test_a_verb_in_a_state_of_a_release(row, verb, options, session, skill):
    Maker(options, session, skill).make(row["name"])
    _, expected = row[verb]
    actual, printed = code(verb, options)
    assert actual == expected, printed

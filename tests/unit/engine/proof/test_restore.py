"""What an error says of releases that were restored: computed from what was done to each."""

import pytest

from learnflow_infra.engine.proof.restore import Restored, account
from learnflow_infra.errors import NotReadyError
from learnflow_infra.models import Release

KAFKA = Release(name="kafka", skill="k", profiles={})
READY = Restored(release=KAFKA, to=3, outcome=object())


@pytest.mark.parametrize(
    ("item", "verdicts", "verify", "sentence"),
    [
        (READY, {"k": True}, True, "kafka was rolled back to revision 3, and verified again."),
        (
            READY,
            {"k": False, "p": True},
            True,
            "kafka was rolled back to revision 3, but its verification failed, too.",
        ),
        (
            READY,
            {"k": True, "p": False},
            True,
            "kafka was rolled back to revision 3, and verified again.",
        ),
        (  # another release of the skill is not ready, so that nothing was verified
            READY,
            {},
            True,
            "kafka was rolled back to revision 3, but not verified again.",
        ),
        (
            READY,
            {},
            False,
            "kafka was rolled back to revision 3, but not verified again (--no-verify).",
        ),
        (
            Restored(release=KAFKA, to=3, error=NotReadyError("It is not ready after 9 s.")),
            {},
            True,
            "kafka did not get ready again at revision 3: It is not ready after 9 s.",
        ),
        (
            Restored(release=KAFKA, why="helm made no new revision", touched=False),
            {},
            True,
            "kafka: helm made no new revision.",
        ),
        (
            Restored(release=KAFKA, error=NotReadyError("The API server was lost.")),
            {},
            True,
            "What became of kafka is not known: The API server was lost.",
        ),
    ],
)
def test_each_release_has_a_sentence(item, verdicts, verify, sentence):
    assert account([item], verdicts, verify=verify) == [sentence]

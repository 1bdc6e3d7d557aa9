import pytest

from learnflow_infra.remedy import Command, Remedy, join_lines

DELETE = Command("delete", "kafka-k8s-setup")


def test_words_and_commands_become_text_of_the_program():
    remedy = Remedy("Remove it: ", DELETE, ", or purge.")
    assert str(remedy) == "Remove it: learnflow-infra delete kafka-k8s-setup, or purge."


def test_arguments_are_quoted_for_the_shell():
    command = Command("deploy", "--set", "kafka.listeners={a b}")
    assert str(Remedy(command)) == "learnflow-infra deploy --set 'kafka.listeners={a b}'"


def test_remedies_and_words_are_joined_line_by_line_without_empty_ones():
    joined = join_lines("", "First.", Remedy("Then: ", DELETE), Remedy())
    assert joined == Remedy("First.\nThen: ", DELETE)
    assert join_lines("", "First.", Remedy("Second.")) == "First.\nSecond."
    assert join_lines() == ""


def test_words_beside_each_other_are_one_part():
    assert Remedy("a", "", Remedy("b", DELETE)) == Remedy("ab", DELETE)


@pytest.mark.parametrize("remedy", ["words", "", Remedy("Remove it: ", DELETE, ".")])
def test_a_document_keeps_the_structure(remedy):
    document = Remedy(remedy).document()
    assert Remedy.from_document(document) == Remedy(remedy)
    assert Remedy.from_document(str(remedy)) == Remedy(str(remedy))


def test_a_remedy_is_false_without_words():
    assert not Remedy("", Remedy())
    assert Remedy("x")

import pytest

from learnflow_infra.engine.release import kept_keys


@pytest.mark.parametrize(
    ("before", "desired", "kept"),
    [
        ({"stringData": {"a": "1", "b": "2"}}, {"stringData": {"a": "1"}}, ["b"]),
        ({"stringData": {"a": "1", "b": "2"}}, {}, ["a", "b"]),
        ({"stringData": {"a": "1"}}, {"data": {"a": "MQ=="}}, []),
        ({"data": {"a": "MQ==", "b": "Mg=="}}, {"stringData": {"a": "1"}}, []),  # b is removed
        ({"data": {"a": "MQ=="}, "stringData": {"a": "1"}}, {}, []),
        ({"stringData": None}, {"stringData": {"a": "1"}}, []),
        ({"stringData": {"a": "1"}}, {"stringData": [{"a": "1"}]}, ["a"]),
    ],
)
def test_keys_that_a_server_side_apply_leaves_in_a_secret(before, desired, kept):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}
    assert kept_keys.of({**secret, **before}, {**secret, **desired}) == kept

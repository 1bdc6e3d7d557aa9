import pytest

from learnflow_infra.quantities import quantity, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", 0.25),
        ("2", 2),
        (3, 3),
        ("1Gi", 2**30),
        ("1.5Gi", 1.5 * 2**30),
        ("1e3", 1000),
        ("5k", 5000),
    ],
)
def test_quantity(text, value):
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "1Zi", "one"])
def test_no_quantity(text):
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25)]
)
def test_seconds(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "5mx"])
def test_no_duration(text):
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)

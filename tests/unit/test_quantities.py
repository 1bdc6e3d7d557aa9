import pytest

from learnflow_infra.quantities import quantity, seconds, size


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
        ("5n", 5e-9),
        ("7u", 7e-6),
        ("1E", 1e18),
        ("1Ei", 2**60),
        ("1E3", 1000),
        ("1e-3", 0.001),
        ("-1Ki", -1024),
        ("+.5", 0.5),
        ("1.", 1),
        ("0", 0),
    ],
)
def test_quantity(text, value):
    assert quantity(text) == value


@pytest.mark.parametrize(
    "text", [*("", "Gi", "1Zi", "one", "1e3k", "1 Gi"), *("1ki", "1K", ".", "--1", "1e", "1.2.3")]
)
def test_no_quantity(text):
    with pytest.raises(ValueError, match="not a quantity"):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25)]
)
def test_seconds(text, value):
    assert seconds(text) == value


def test_a_duration_that_go_cannot_hold():
    with pytest.raises(ValueError, match="290 years"):
        seconds("3000000h")


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "5mx"])
def test_no_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0B"), (1023, "1023B"), (1024, "1Ki"), (1.5 * 2**20, "1.5Mi"), (2**52, "4096Ti")],
)
def test_bytes_for_people(count, text):
    assert size(count) == text

from datetime import date

import pytest

from learnflow_infra.outdated.judgement import Verdict, is_release, judge
from learnflow_infra.versions import Component, Exemption, Support

ENDS = {"1.36": date(2027, 6, 28), "1.37": date(2027, 10, 28), "4": date(2029, 1, 1)}
PAGE = "https://example.org/support"


def component(version, *, newest="", ends=None, lines=0, depth=2, until=None):
    return Component(
        name="demo",
        role="ships",
        version=version,
        newest=newest or version,
        registry="go",
        package="example.org/demo",
        support=Support(source=PAGE, ends=ends or {}, lines=lines, depth=depth, note=""),
        exemption=Exemption(until=until, reason="because of the table") if until else None,
    )


@pytest.mark.parametrize(
    ("day", "verdict", "says"),
    [
        ("2026-11-26", Verdict.current, ""),
        ("2027-08-28", Verdict.current, ""),  # 61 days before
        ("2027-08-29", Verdict.ending, "supported until 2027-10-28, 60 days more"),
        ("2027-10-28", Verdict.ending, "0 days more"),
        ("2027-10-29", Verdict.ended, "was supported until 2027-10-28"),
    ],
)
def test_by_a_published_date(day, verdict, says):
    judged = judge(component("1.37.2", ends=ENDS), (), date.fromisoformat(day))
    assert (judged.verdict, says in judged.reason) == (verdict, True)


@pytest.mark.parametrize(
    ("own", "known", "verdict"),
    [
        (component("1.38.0", ends=ENDS), (), Verdict.unknown),
        (component("1.3.7", ends=ENDS), (), Verdict.unknown),  # not 1.37
        (component("4.3.1", ends=ENDS), (), Verdict.current),  # a line may be one number
        (component("1.37.2", ends=ENDS), ("v1.37.2", "v1.38.0"), Verdict.newer),
        (component("1.37.2", ends=ENDS), ("v1.37.3", "v1.38.0"), Verdict.behind),
        (component("1.37.2", ends=ENDS), ("v1.37.3-rc.1", "v1.38.0-alpha.0"), Verdict.current),
        (component("1.37.2", newest="1.37.4", ends=ENDS), (), Verdict.behind),  # from the file
        (component("3.6.5", lines=2), ("3.7.3",), Verdict.newer),
        (component("3.6.5", lines=2), ("3.7.3", "3.8.0"), Verdict.ended),
        (component("3.6.5", newest="3.9.0", lines=2), (), Verdict.ended),  # 3.7 is there, too
        (component("3.9.1", lines=3), ("4.0.0", "4.1.0"), Verdict.newer),
        (component("3.9.1", lines=3), ("4.0.0", "4.1.0", "4.2.0"), Verdict.ended),
        (component("3.7.3", lines=2), ("3.8.0-alpha.0",), Verdict.current),
        (component("2.25.3", lines=1), ("2.26.1",), Verdict.ended),
        (component("6.0.3", lines=1, depth=1), ("6.1.0",), Verdict.newer),
        (component("6.0.3", lines=1, depth=1), ("7.0.0",), Verdict.ended),
        (component("17", ends={"17": date(2029, 11, 8)}), ("17.12",), Verdict.current),
        (component("17", ends={"17": date(2029, 11, 8)}), ("18.1",), Verdict.newer),
        (component("0.2.0"), ("0.2.0", "0.10.0"), Verdict.newer),  # numbers, not texts
        (component("0.10.0"), ("0.9.9",), Verdict.current),
    ],
)
def test_by_the_versions_that_are_known(own, known, verdict):
    assert judge(own, known, date(2026, 11, 26)).verdict is verdict


@pytest.mark.parametrize(
    ("day", "verdict"), [("2028-01-31", Verdict.exempt), ("2028-02-01", Verdict.ended)]
)
def test_an_exemption_lasts_until_its_day(day, verdict):
    own = component("1.36.0", ends=ENDS, until=date(2028, 1, 31))
    assert judge(own, (), date.fromisoformat(day)).verdict is verdict


def test_an_exemption_says_what_it_exempts_from():
    own = component("1.36.0", ends=ENDS, until=date(2028, 1, 31))
    reason = judge(own, (), date(2028, 1, 1)).reason
    assert reason == (
        "until 2028-01-31: because of the table (1.36 was supported until 2027-06-28)"
    )


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("1.6.0-rc.1", False),
        ("3.0.0-beta2", False),
        ("2.0.0a1", False),
        ("2026.10.19.post1", True),
        ("16.7.27", True),
    ],
)
def test_prereleases_are_no_releases(text, release):
    assert is_release(text) is release

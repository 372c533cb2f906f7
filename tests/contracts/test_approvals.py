"""Approved breaks: read strictly, held through their last day, and never without an owner."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from mockodp_contracts import Severity
from mockodp_contracts.changes.approvals import Approvals, ApprovalsError, ApprovalsMissing, read
from mockodp_contracts.changes.compatibility import compare
from mockodp_contracts.changes.report import ChangeReport

from tests.contracts.planted import require, shape, side

MARK = "0123456789abcdef"
GOOD = f'[[approval]]\nfingerprint = "{MARK}"\nowner = "Ada"\nreason = "Agreed."\nuntil = 2027-01-31\n'
NOW = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)


def approvals(tmp_path: Path, text: str) -> Approvals:
    file = tmp_path / "approvals.toml"
    file.write_text(text)
    return read(file)


def test_an_approval_holds_through_its_last_day(tmp_path: Path) -> None:
    approval = approvals(tmp_path, GOOD).of(MARK)
    assert approval is not None
    assert (approval.owner, approval.reason, approval.until) == ("Ada", "Agreed.", date(2027, 1, 31))
    assert not approval.expired(NOW)
    assert approval.expired(NOW + timedelta(minutes=1))
    assert not approval.expired(datetime(2027, 2, 1, 1, tzinfo=timezone(timedelta(hours=2))))


def test_a_file_may_be_empty(tmp_path: Path) -> None:
    assert approvals(tmp_path, "").of(MARK) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[approval", "is not TOML"),
        ("approvals = 1", "found 'approvals', expected tables [[approval]] and nothing else."),
        ("approval = 1", "found 'approval' in another form, expected tables"),
        (GOOD.replace('owner = "Ada"\n', ""), "[[approval]] 1: 'owner' is missing, expected who answers for it"),
        (GOOD.replace("owner", "ownr"), "[[approval]] 1: 'ownr' is not a member. Did you mean 'owner'?"),
        (GOOD + "zzz = 1", "'zzz' is not a member. Known: fingerprint, owner, reason, until."),
        (GOOD.replace("Ada", " "), "'owner' is ' ', expected who answers"),
        (GOOD.replace("2027-01-31", '"soon"'), "'until' is 'soon', expected its last day as a date without quotes"),
        (GOOD.replace("2027-01-31", "2027-01-31T00:00:00Z"), "'until' is 2027-01-31T00:00:00+00:00, expected its last"),
        (GOOD.replace(MARK, "abc"), "'fingerprint' is 'abc', expected the 16 hex digits"),
        (GOOD.replace('"Agreed."', "7"), "'reason' is 7, expected why"),
        (GOOD + GOOD, f"[[approval]] 2: {MARK} is approved before; say it once."),
    ],
)
def test_a_malformed_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ApprovalsError) as caught:
        approvals(tmp_path, text)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "approvals.toml"))
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ApprovalsMissing, match="cannot be read") as caught:
        read(tmp_path / "nosuch.toml")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("approved", "until", "word", "code"),
    [
        (2, "2027-01-31", "pass", 0),
        (2, "2027-01-30", "expired", 5),
        (1, "2027-01-31", "fail", 1),
        (1, "2027-01-30", "fail", 1),
        (0, "2027-01-31", "fail", 1),
    ],
)
def test_what_is_approved_does_not_fail(tmp_path: Path, approved: int, until: str, word: str, code: int) -> None:
    comparison = compare(side(), side(shape("request", require("id", "kind", "note"))))
    marks = [finding.fingerprint for finding in comparison.findings]
    assert len(marks) == 2
    text = "".join(GOOD.replace(MARK, mark).replace("2027-01-31", until) for mark in marks[:approved])
    report = ChangeReport(comparison, approvals(tmp_path, text), NOW, Severity.ERROR)
    assert (report.word, report.exit_code) == (word, code)
    if approved and until == "2027-01-30":
        assert f"The approval of {marks[0]} by Ada expired: it held until 2027-01-30." in report.text()
    elif approved:
        assert "approved: Ada, until 2027-01-31: Agreed." in report.text()
        assert f", {approved} approved." in report.text()


@pytest.mark.parametrize("days", [0, 9])
def test_an_approval_that_matches_nothing_is_only_noted(tmp_path: Path, days: int) -> None:
    approved, now = approvals(tmp_path, GOOD), NOW + timedelta(days=days)
    report = ChangeReport(compare(side(), side()), approved, now, Severity.WARNING)
    assert report.exit_code == 0
    assert f"note: The approval of {MARK} by Ada matches no finding: remove it." in report.text()
    assert f"> note: The approval of {MARK} by Ada matches" in report.markdown()
    assert "warning:" not in report.text()
    assert report.shown()["unused_approvals"][0]["fingerprint"] == MARK


def test_it_is_told_how_to_approve_what_nobody_approved_yet(tmp_path: Path) -> None:
    comparison = compare(side(), side(shape("request", require("id", "kind", "note"))))
    words = "To approve a break that is meant: add its fingerprint to"
    none = ChangeReport(comparison, Approvals(), NOW, Severity.ERROR)
    assert f"{words} contracts/approvals.toml (docs/contracts.md)." in none.text()
    assert f"{words} `contracts/approvals.toml` (docs/contracts.md)." in none.markdown()
    text = "".join(GOOD.replace(MARK, finding.fingerprint) for finding in comparison.findings)
    some = approvals(tmp_path, GOOD)
    assert f"{words} {tmp_path / 'approvals.toml'} " in ChangeReport(comparison, some, NOW, Severity.ERROR).text()
    everything = approvals(tmp_path, text)
    for now in (NOW, NOW + timedelta(days=1)):
        assert words not in ChangeReport(comparison, everything, now, Severity.ERROR).text()
    assert words not in ChangeReport(compare(side(), side()), Approvals(), NOW, Severity.ERROR).text()


def test_markdown_names_owners_reasons_and_other_contracts(tmp_path: Path) -> None:
    comparison = compare(side(), side(lambda found: require("name", "age")(found["schemas/shared/person.json"])))
    finding = next(each for each in comparison.findings if each.rule == "member-now-required")
    approved = approvals(tmp_path, GOOD.replace(MARK, finding.fingerprint).replace("Agreed.", "<b> `agreed`"))
    report = ChangeReport(comparison, approved, NOW, Severity.ERROR)
    assert "          seen in: own/answer, own/event, own/report, own/request" in report.text()
    lines = report.markdown().splitlines()
    assert "- approved: `Ada`, until 2027-01-31: `` <b> `agreed` ``" in lines
    assert "- seen in: `own/answer`, `own/event`, `own/report`, `own/request`" in lines
    over = ChangeReport(comparison, approved, NOW + timedelta(days=1), Severity.ERROR).markdown()
    assert "- approval expired: `Ada`, until 2027-01-31:" in over
    assert "> warning: The approval of" in over

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


def test_an_approval_that_matches_nothing_is_warned_of(tmp_path: Path) -> None:
    report = ChangeReport(compare(side(), side()), approvals(tmp_path, GOOD), NOW + timedelta(days=9), Severity.ERROR)
    assert report.exit_code == 0
    assert f"warning: The approval of {MARK} by Ada matches no finding: remove it." in report.text()
    assert report.shown()["unused_approvals"][0]["fingerprint"] == MARK

"""``mockodp contracts diff``: all exit codes and all formats, in repositories, wheels and folders of one test."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from mockodp_contracts import Severity, judge
from mockodp_contracts.changes.approvals import Approvals
from mockodp_contracts.changes.compatibility import Comparison, Finding, Proof
from mockodp_contracts.changes.report import ChangeReport

from mockodp.cli.contract_changes import diff
from mockodp.cli.group import Commands
from tests.contracts import planted
from tests.contracts.repository import a_repository, a_wheel, commit, git, write
from tests.mockodp.test_own_contracts import unnamed


class OneCommand(Commands):
    """Stands for all commands."""

    lazy = {"diff": "mockodp.cli.contract_changes:diff"}


@click.group(cls=OneCommand)
def group() -> None:
    """The command line."""


BREAK = planted.shape("request", planted.require("id", "kind", "note"))
WEAK = planted.shape("request", planted.grade("unknown", lambda schema: None))
LOOSER = planted.shape("request", planted.grade("unknown", planted.require("id")))


REFUSED = {
    "id": "19b7ca9907000000", "account": "shop", "endpoint": "request", "received_at": "2026-01-02T03:04:06.000Z",
    "accepted": False, "item_count": 1, "items": [],
}  # fmt: skip


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["diff", *map(str, arguments)], prog_name="mockodp", catch_exceptions=False)


def approved(marks: list[str], until: str) -> str:
    """A file that approves the findings of these fingerprints."""
    return "".join(
        f'[[approval]]\nfingerprint = "{mark}"\nowner = "Ada"\nreason = "Agreed."\nuntil = {until}\n' for mark in marks
    )


def without_examples(found: dict[str, Any]) -> None:
    for schema in found.values():
        if isinstance(schema, dict):
            schema["x-examples"] = {"good": [], "bad": []}


def break_without_examples(found: dict[str, Any]) -> None:
    without_examples(found)
    BREAK(found)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on a branch that breaks a contract."""
    folder = a_repository(tmp_path / "ours")
    git(folder, "switch", "--quiet", "--create", "topic")
    commit(folder, BREAK)
    monkeypatch.chdir(folder)
    return folder


def test_a_break_is_told_with_the_smallest_payload(here: Path) -> None:
    result = run()
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("commit ")
    assert "own/request (request)" in lines
    assert '          payload: {"id":"a","kind":"big"}' in lines
    assert "          old: takes it" in lines
    assert '          new: /note: expected a member "note", was absent [missing-member]' in lines
    assert lines[-1].startswith("fail: 5 contracts compared, 4 of them equal; ")
    assert lines[-1].endswith("payloads tried; 2 errors, 0 warnings, 0 infos.")
    assert result.stderr == ""


def test_json_has_a_stable_shape(here: Path) -> None:
    result = run("--format", "json")
    shown = json.loads(result.stdout)
    assert result.exit_code == shown["exit_code"] == 1
    assert list(shown) == [
        "verdict", "exit_code", "old", "new", "contracts", "equal_contracts", "payloads", "severities", "unknown",
        "corpus", "uncommitted", "findings", "unused_approvals",
    ]  # fmt: skip
    finding = shown["findings"][0]
    assert finding == {
        "rule": "member-now-required",
        "severity": "error",
        "contract": "own/request",
        "direction": "request",
        "place": "/note",
        "statement": "A member that could be left out must be there.",
        "was": "optional",
        "is": "required",
        "fingerprint": finding["fingerprint"],
        "fails": True,
        "seen_in": ["own/request"],
        "payload": {
            "contract": "own/request",
            "value": {"id": "a", "kind": "big"},
            "old": [],
            "new": ['/note: expected a member "note", was absent [missing-member]'],
        },
        "approval": None,
    }
    assert shown["findings"][1]["rule"] == "version-not-major"
    assert shown["findings"][1]["payload"] is None


def test_markdown_fits_a_comment(here: Path) -> None:
    result = run("--format", "markdown")
    assert result.exit_code == 1
    assert result.stdout.startswith("### Contracts: breaking changes\n")
    assert "| error | `member-now-required` | `own/request` | `/note` | `optional` | `required` | `" in result.stdout
    assert '```json\n{"id":"a","kind":"big"}\n```' in result.stdout


def test_markdown_cannot_be_broken_by_what_it_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planted.write(tmp_path / "a", planted.files())
    found = planted.files()
    planted.shape("request", planted.member("kind", enum=["big", "small", "a|b", "```x"]))(found)
    planted.write(tmp_path / "b", found)
    lines = run("./a", "./b", "--format", "markdown").stdout.splitlines()
    row = next(line for line in lines if "value-added" in line and line.startswith("|"))
    assert "a\\|b" in row
    assert "```` " in row or "````" in row


def test_equal_contracts_pass(here: Path) -> None:
    result = run("main", "main")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("pass: 5 contracts compared, 5 of them equal; 0 payloads tried;")
    assert "no breaking change" in run("main", "main", "--format", "markdown").stdout


def test_a_warning_fails_only_if_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_wheel(tmp_path / "old.whl", WEAK)
    a_wheel(tmp_path / "new.whl", LOOSER)
    assert run("old.whl", "new.whl").exit_code == 0
    assert run("old.whl", "new.whl", "--fail-on", "warning").exit_code == 1


def test_an_approval_passes_and_expires(here: Path) -> None:
    marks = [each["fingerprint"] for each in json.loads(run("--format", "json").stdout)["findings"]]
    file = here / "contracts" / "approvals.toml"
    file.write_text(approved(marks, "2999-01-01"))
    result = run()
    assert result.exit_code == 0
    assert "approved: Ada, until 2999-01-01: Agreed." in result.stdout
    assert "| approved |" in run("--format", "markdown").stdout
    assert json.loads(run("--format", "json").stdout)["findings"][0]["approval"]["expired"] is False
    other = here / "other.toml"
    other.write_text(approved(marks, "2001-01-01"))
    result = run("--approvals", other)
    assert result.exit_code == 5
    assert "expired: it held until 2001-01-01" in result.stdout
    other.write_text(approved(marks[:1], "2001-01-01"))
    result = run("--approvals", other)
    assert result.exit_code == 1  # what nobody approved wins
    assert "expired: it held until 2001-01-01" in result.stdout
    other.write_text("[[approval]]")
    result = run("--approvals", other)
    assert result.exit_code == 2
    assert "'fingerprint' is missing, expected the 16 hex digits" in result.stderr
    assert run("--approvals", here / "nosuch.toml").exit_code == 3


def test_recorded_payloads_are_tried(here: Path) -> None:
    commit(here, planted.shape("request", planted.member("id", pattern=r"^(?!(.)(.)\1\2$)[a-z]*$")))
    file = here / "sent.ndjson"
    file.write_text('{"id": "abab", "kind": "big", "note": "x"}\n\n{"id": "abc", "kind": "small"}\n')
    without = json.loads(run("main", "--format", "json").stdout)
    with_corpus = json.loads(run("main", "--corpus", file, "--format", "json").stdout)
    assert [each["rule"] for each in without["findings"]] == ["change-not-shown", "version-not-bumped"]
    assert [each["rule"] for each in with_corpus["findings"]] == ["pattern-tightened", "version-not-major"]
    assert with_corpus["findings"][0]["payload"]["value"] == {"id": "xxxx", "kind": "big"}


def test_recorded_payloads_that_are_not_used_are_told(here: Path) -> None:
    file = here / "sent.ndjson"
    body = {"text": '[{"id": "a"}]'}
    lines = [{"id": "abc", "kind": "big"}, REFUSED, {**REFUSED, "body": body}, {"shape": "of nothing"}, {"colour": 1}]
    file.write_text("\n".join(map(json.dumps, lines)))
    text = run("--corpus", file).stdout
    assert "note: 1 recorded request was skipped: no batch that can be read is told." in text
    assert "note: 2 recorded payloads were not used: the shape is that of no known contract." in text
    assert "> note: 2 recorded payloads" in run("--corpus", file, "--format", "markdown").stdout
    shown = json.loads(run("--corpus", file, "--format", "json").stdout)
    assert shown["corpus"] == {"payloads": 5, "unreadable": 1, "unrecognised": 2}
    assert "\nnote:" not in run().stdout


def test_uncommitted_changes_are_told_and_looked_at_in_the_work_tree(here: Path) -> None:
    assert "uncommitted changes" not in run().stdout
    commit(here, BREAK)
    write(here, WEAK)
    for text in (run("main").stdout, run("main", "--format", "markdown").stdout):
        assert (
            "warning: contracts/mockodp_contracts has uncommitted changes, which are not looked at; "
            "'mockodp contracts diff HEAD ./' looks at them."
        ) in text
    shown = json.loads(run("main", "--format", "json").stdout)
    assert shown["uncommitted"] == ["contracts/mockodp_contracts/schemas/own/request.json"]
    looked_at = run("HEAD", "./")
    assert "member-no-longer-required" in looked_at.stdout
    assert "uncommitted changes" not in looked_at.stdout


def test_new_contracts_are_told_in_one_line(here: Path) -> None:
    def more(found: dict[str, Any]) -> None:
        BREAK(found)
        for number in range(30):
            found[f"schemas/own/new{number:02}.json"] = planted.contract(f"own/new{number:02}", "report", {}, [])

    commit(here, more)
    text = run("HEAD~1", "HEAD").stdout
    line = next(line for line in text.splitlines() if "are new" in line)
    assert line.startswith("30 contracts are new: own/new00, own/new01, ")
    assert line.endswith(", own/new23 and 6 more")
    assert text.count("own/new00") == 1
    assert "contract-added" not in text
    markdown = run("HEAD~1", "HEAD", "--format", "markdown").stdout
    assert "\n30 contracts are new: `own/new00`, `own/new01`, " in markdown
    assert "contract-added" not in markdown
    assert len(json.loads(run("HEAD~1", "HEAD", "--format", "json").stdout)["findings"]) == 30
    assert "contract-removed" in run("HEAD", "HEAD~1").stdout


def test_an_approval_of_a_new_contract_is_told_with_it(here: Path) -> None:
    def more(found: dict[str, Any]) -> None:
        BREAK(found)
        found["schemas/own/new.json"] = planted.contract("own/new", "report", {}, [])

    commit(here, more)
    assert "1 contract is new: own/new\n" in run("HEAD~1", "HEAD").stdout
    mark = json.loads(run("HEAD~1", "HEAD", "--format", "json").stdout)["findings"][0]["fingerprint"]
    (here / "contracts" / "approvals.toml").write_text(approved([mark], "2001-01-01"))
    result = run("HEAD~1", "HEAD")
    assert result.exit_code == 5
    assert "contract-added at (document)" in result.stdout
    assert "1 contract is new" not in result.stdout


def judged(*arguments: str | Path) -> dict[str, Any]:
    """The report in JSON, which must keep its contract and hold nothing that the contract does not name."""
    report: dict[str, Any] = json.loads(run(*arguments, "--format", "json").stdout)
    assert [str(violation) for violation in judge(report, "own/change_report").violations] == []
    assert unnamed(report, "own/change_report") == []
    return report


def test_reports_keep_their_contract(here: Path) -> None:
    assert judged("main", "main")["verdict"] == "pass"
    failing = judged()
    assert failing["verdict"] == "fail"
    assert failing["findings"][0]["payload"]
    file = here / "sent.ndjson"
    file.write_text("\n".join(map(json.dumps, [{"id": "abc", "kind": "big"}, REFUSED, {"colour": 1}])))
    assert judged("--corpus", file)["corpus"] == {"payloads": 3, "unreadable": 1, "unrecognised": 1}
    write(here, WEAK)
    assert judged("main")["uncommitted"]
    marks = [each["fingerprint"] for each in failing["findings"]]
    approvals = here / "contracts" / "approvals.toml"
    for until, verdict in (("2001-01-01", "expired"), ("2999-01-01", "pass")):
        approvals.write_text(approved([*marks, "0" * 16], until))
        report = judged()
        assert (report["verdict"], len(report["unused_approvals"])) == (verdict, 1)
        assert report["findings"][0]["approval"]["until"] == until
    approvals.write_text(approved(marks[:1], "2001-01-01"))
    assert judged()["verdict"] == "fail"
    for name in ("a", "b"):
        found = {"rules.json": [], f"schemas/own/{name}.json": planted.contract(f"own/{name}", "report", {}, [])}
        planted.write(here / name, found)
    assert {each["rule"] for each in judged("./a", "./b")["findings"]} == {"contract-added", "contract-removed"}
    assert judged("./a", "./a")["verdict"] == "pass"


def test_a_report_on_nothing_keeps_its_contract(here: Path) -> None:
    first = commit(here, without_examples)
    commit(here, break_without_examples)
    report = judged(first, "HEAD")
    assert (report["verdict"], report["exit_code"]) == ("unknown", 4)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("{", 2, "is not JSON"),
        ('{"a": 1}\n{', 2, "is neither JSON nor NDJSON: line 2"),
        ('{"records": []}', 2, "holds no payload."),
        (f'{{"records": [{json.dumps(REFUSED)}]}}', 2, "holds no payload: 1 without a batch that can be read."),
        (None, 3, "cannot be read"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_told(here: Path, content: str | None, code: int, words: str) -> None:
    file = here / "corpus.json"
    if content is not None:
        file.write_text(content)
    result = run("--corpus", file)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("main", "--against", "main"), 2, "OLD and --against both say what to compare with"),
        (("mian",), 2, "'mian' is not a commit, wheel or folder. Near: main."),
        (("nosuch.whl",), 3, "cannot be read"),
        (("./nosuch",), 3, "There is no folder"),
        (("--format", "yaml"), 2, "--format"),
        (("--fail-on", "info"), 2, "--fail-on"),
        (("./empty",), 4, "There are no contracts in"),
    ],
)
def test_mistakes_are_told_in_one_line(here: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    (here / "empty").mkdir()
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found["schemas/own/request.json"].pop("x-version"),
        lambda found: found["schemas/own/request.json"].update({"x-version": "two", "required": ["id"]}),
        lambda found: found["schemas/own/request.json"]["properties"].update(id={"pattern": "["}),
        lambda found: found["schemas/own/request.json"].update({"x-evidence": "docs"}),
        lambda found: found["schemas/own/request.json"].update({"dependentRequired": {"note": ["total"]}}),
        lambda found: found["schemas/own/request.json"].update({"x-examples": [7]}),
    ],
)
def test_contracts_that_are_broken_leave_the_verdict_unknown(here: Path, edit: Any) -> None:
    commit(here, edit)
    result = run("main")
    assert (result.exit_code, result.stderr) == (4, "")
    assert "\nwarning: The verdict is unknown. Contract 'own/request'" in result.stdout
    assert "> warning: The verdict is unknown. Contract 'own/request'" in run("main", "--format", "markdown").stdout
    assert judged("main")["unknown"].startswith("Contract 'own/request'")


@pytest.mark.parametrize("edit", [lambda found: found["rules.json"][0].pop("severity"),
                                  lambda found: found.update({"rules.json": [1]})])  # fmt: skip
def test_rules_that_are_broken_leave_all_unknown(here: Path, edit: Any) -> None:
    commit(here, edit)
    result = run("main")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith("mockodp: ")
    assert result.stderr.count("\n") == 1


def test_a_mistake_of_ours_is_no_break(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("mockodp_contracts.changes.compatibility.Versions", mistaken)
    result = run("main")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "mockodp: Contracts cannot be compared: ZeroDivisionError: by zero.\n"


def test_what_is_unknown_hides_no_break(here: Path) -> None:
    def edit(found: dict[str, Any]) -> None:
        BREAK(found)
        found["schemas/own/event.json"].pop("x-version")

    commit(here, edit)
    result = run("main")
    assert result.exit_code == 1
    assert "warning: Not all could be compared. Contract 'own/event': its head lacks something" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("fail: ")
    report = judged("main")
    marks = [each["fingerprint"] for each in report["findings"]]
    file = here / "approvals.toml"
    for until, code, word in (("2999-01-01", 4, "unknown"), ("2001-01-01", 5, "expired")):
        file.write_text(approved(marks, until))
        result = run("main", "--approvals", file)
        assert result.exit_code == code
        assert result.stdout.splitlines()[-1].startswith(f"{word}: ")


def test_an_approval_of_a_small_break_is_none_of_a_worse_one(here: Path) -> None:
    def limit(most: int) -> planted.Edit:
        return planted.shape("report", planted.member("note", maxLength=most))

    first = commit(here, limit(10))
    looser, worse = commit(here, limit(12)), commit(here, limit(900))
    file = here / "approvals.toml"
    marks = [each["fingerprint"] for each in judged(first, looser)["findings"]]
    file.write_text(approved(marks, "2999-01-01"))
    assert run(first, looser, "--approvals", file).exit_code == 0
    assert run(first, worse, "--approvals", file).exit_code == 1


def test_what_no_payload_shows_fails_where_warnings_do(here: Path) -> None:
    def edit(found: dict[str, Any]) -> None:
        planted.shape("request", planted.member("id", pattern=r"^(?!(.)(.)\1\2$)[a-z]*$"))(found)
        found["schemas/own/request.json"]["x-version"] = "1.1.0"

    commit(here, edit)
    assert run("main").exit_code == 0
    result = run("main", "--fail-on", "warning")
    assert result.exit_code == 1
    assert "warning change-not-shown at /id" in result.stdout


def test_a_break_that_another_one_hides_is_told_with_both(here: Path) -> None:
    def edit(found: dict[str, Any]) -> None:
        planted.require("id", "gone")(found["schemas/own/request.json"])

    commit(here, edit)
    result = run("main")
    assert "  error   member-no-longer-required at /kind" in result.stdout
    words = 'new: takes it, but for other changes: /gone: expected a member "gone", was absent [missing-member]'
    assert words in result.stdout
    assert words.removeprefix("new: ") in run("main", "--format", "markdown").stdout
    assert judged("main")["verdict"] == "fail"


def test_contracts_without_a_payload_leave_the_verdict_unknown(here: Path) -> None:
    first = commit(here, without_examples)
    commit(here, break_without_examples)
    result = run(first, "HEAD")
    assert result.exit_code == 4
    assert "The verdict is unknown. There was no payload to try own/request on." in result.stdout


def test_secrets_in_payloads_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planted.write(tmp_path / "a", planted.files())
    found = planted.files()
    secret = {"token": {"type": "string", "const": "s3cret-value"}}
    found["schemas/own/request.json"]["properties"].update(secret)
    found["schemas/own/request.json"]["x-examples"]["good"][0]["value"]["token"] = "s3cret-value"
    planted.write(tmp_path / "b", found)
    for form in ("text", "json", "markdown"):
        payloads = run("./a", "./b", "--format", form).stdout
        assert '"token":"s3cret' not in payloads.replace(" ", "").replace("const", "")


@pytest.mark.parametrize("secret", [7331, ["s3cret"], {"of": "s3cret"}, "s3cret"])
def test_any_value_behind_a_secret_name_is_masked(secret: Any) -> None:
    proof = Proof("own/request", {"token": secret, "note": "Bearer s3cret", "deep": [{"api_key": secret}]}, (), ())
    finding = Finding("type-narrowed", Severity.ERROR, "own/request", "request", "/a", "x", "y", "0" * 16, proof)
    comparison = Comparison("a", "b", 1, 0, 1, (), (finding,))
    report = ChangeReport(comparison, Approvals(), datetime(2026, 1, 1, tzinfo=UTC), Severity.ERROR)
    for shown in (report.text(), report.markdown(), json.dumps(report.shown())):
        assert "s3cret" not in shown
        assert "7331" not in shown
        assert "Bearer ****" in shown


def test_numbers_beyond_64_bits_are_shown() -> None:
    finding = Finding("type-narrowed", Severity.ERROR, "own/request", "request", "/a", "x", "y", "0" * 16,
                      Proof("own/request", {"total": 10**30}, (), ()))  # fmt: skip
    comparison = Comparison("a", "b", 1, 0, 1, (), (finding,))
    report = ChangeReport(comparison, Approvals(), datetime(2026, 1, 1, tzinfo=UTC), Severity.ERROR)
    assert f'{{"total": {10**30}}}' in report.text()


def test_the_command_has_a_help() -> None:
    assert diff.name == "diff"
    words = " ".join(run("--help").stdout.split())
    assert "smallest payload" in words
    assert "Exit with 1 if a break is not approved, even where an approval has expired or something is unknown" in words
    assert "else 4 if something could not be compared; else 0" in words
    assert "An approval that matches nothing, expired or not, is only noted." in words

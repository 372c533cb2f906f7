"""
A fuzzer of the integration engine: sound cases, damaged, each of which must be answered by an answer.

    python -m tests.harness.fuzz --cases 1000000

Case *n* of a seed is the same on every machine. What it finds is printed as a line to replay with ``mockodp engine``:
an exception that is no error of the engine, an answer that is no JSON, a case that takes too long.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from mockodp_harness.conformance import answer
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment import payload as checks
from mockodp_harness.segment import triggers
from mockodp_harness.segment.mapping.liquid_filters import FILTERS
from mockodp_harness.segment.values import UNDEFINED, parse, stringify

from tests.harness.fuzz_seeds import seeds

SEED: Final = 20240301
SECONDS: Final = 5.0
MEMORY: Final = 4 * 2**30
CHUNK: Final = 500
PAUSE: Final = 10  # seconds between two words of progress

SEEDS: Final = [json.dumps(case) for case in seeds()]
DEEP: Final = "\u27e6deep "  # stands for what is nested so deep that Python writes no JSON of it
SCALARS: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, -0.0, 0.1, 1.5, 27.5, 1e21, 1e-7, 1e308, 1e400, -1e400, 5e-324, 2**53, 2**53 + 1,
    10**30, 10**400, "", " ", "0", "x", "1e400", "NaN", "-0", "0x1F", "__proto__", "constructor", "toString", "length",
    "\ud800", "\udc00\ud800", "😀", "\0", "\ufeff", "\u2028", "ß", "İ", "null", "undefined", "[object Object]",
    "@path", "@oops", "$.", "{{", "}}", "{{{a}}}", "{% for x in y %}", "'", '"', "\\", "\r\n", "and", "or", "()",
    "America", "../UTC", "UTC", "customEvent", "track", "US", "2024-02-30", "٣", "https://x", "application/json",
    [], {}, [[]], [None], [{}], {"a": None}, {"": ""}, {"__proto__": 1}, {"@path": "$."}, {"@path": 5}, {"@oops": 1},
    {"@path": "a", "@if": 1}, {"length": 3}, {"toString": 1}, {"0": 0, "01": 1}, {"type": "group"}, ["a", "b"],
)  # fmt: skip
PIECES: Final = (
    *("{{", "}}", "{{{", "}}}", "{%", "%}", "|", "..", "(1..9)", "(1..99999999999)", "(", ")", "[", "]", "'", '"'),
    *(".", ",", ":", "$", "$.", "@", "\\", "/", "-", "+", "=", "!=", "<", ">=", " ", "\n", "\r\n", "\t", "\0"),
    *("null", "and", "or", "true", "contains(", "match(", "!", "0", "9", "99", "e5", "1e999", "Z", "T", "GMT+", "😀"),
    *("\ud800", "\ufeff", "ß", "Σ", "%", "%9", "@", "#", "?", "&amp;", "<script", "<!--", "--", "~", "::", "é"),
    *("if ", "endif", "assign a = ", "capture a", "for i in a", "tablerow", "include 'x'", "| sort", "| times: 1e308"),
    *("| append: a", "| push: a", "| date: '%s'", "| slice: -9, 99", "| json: 99", "| round: -400", "| split: ''"),
    *("| truncate: 'x'", "| replace: '', a", "| divided_by: 0", "| sum: 5", "| where", "| join", "| url_decode"),
)
OPERANDS: Final = (
    *("a", "b.c", "properties", "properties.products", "properties.products[0]", "event", "userId", "timestamp", "nil"),
    *("true", "blank", "empty", "1", "-1", "1.5", "1e5", "99999999999999999999", "'x'", '"r"', "''", "(1..3)"),
    *("(1..1000000000)", "(3..a)", "(a..1)", "a.first", "a.size", "properties['10']", "b: 1", "'%Y'", "-400", "'😀'"),
)  # fmt: skip
SURROGATE: Final = re.compile("[\ud800-\udfff]")
BREAKS: Final = ("", "\0", "\x07", "{", "]", '"', ",", "\\u", "NaN", "-", "01", "\ufeff")
NAMES: Final = (
    *("__proto__", "constructor", "toString", "length", "@path", "@if", "@oops", "_metadata", "", "0", "10"),
    *("4294967295", "a.b", "\ud800", "\0", "type", "required", "properties", "error", "name", "operator", "value"),
    *("children", "body", "__segment_internal_directive", "dynamicAuthSettings", "enum", "items", "allOf", "format"),
    *("$ref", "pattern"),
)  # fmt: skip


class Found(NamedTuple):
    """What came of one case: the name of an error, a kind of answer, or what the fuzzer is after."""

    number: int
    outcome: str
    complaint: str = ""
    line: str = ""


class Runaway(BaseException):
    """A case that takes too long."""


# -- cases --------------------------------------------------------------------------------------------------------


def line_of(seed: int, index: int) -> str:
    """Case *index* of *seed* as a line of JSON, or nearly JSON."""
    dice = random.Random(f"{seed}/{index}")
    case = json.loads(dice.choice(SEEDS))
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
        case = dice.choice(DAMAGES)(dice, case)
    text = _expanded(json.dumps(case, ensure_ascii=dice.random() < 0.5))
    text = SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)  # a line is UTF-8
    return _broken(dice, text) if dice.random() < 0.04 else text


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key below *value*."""
    found = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    return found


def _place(dice: random.Random, case: Any, kind: type | tuple[type, ...] = object) -> tuple[Any, Any]:
    """A random place that holds a *kind*; the members of the case itself come up often enough."""
    case.setdefault("id", None)  # so that there is a place, whatever was dropped
    top = [(case, key) for key in case if isinstance(case[key], kind)]
    if top and dice.random() < 0.15:
        return dice.choice(top)
    deeper = [place for key in case for place in _places(case[key]) if isinstance(place[0][place[1]], kind)]
    return dice.choice(deeper or top or [(case, "id")])


def _drop(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    holder.pop(key, None) if isinstance(holder, dict) else holder.pop(key)
    return case


def _retype(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    holder[key] = json.loads(json.dumps(dice.choice(SCALARS)))
    return case


def _swap(dice: random.Random, case: Any) -> Any:
    (one, first), (other, second) = _place(dice, case), _place(dice, case)
    copies = json.dumps(one.get(first) if isinstance(one, dict) else one[first]), json.dumps(other[second])
    one[first] = json.loads(copies[1])
    if isinstance(other, dict) or second < len(other):
        other[second] = json.loads(copies[0])
    return case


def _nest(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    inner = holder[key]
    for _ in range(dice.choice((1, 1, 2, 3, 10, 60))):
        inner = dice.choice(([inner], {"a": inner}, {"@path": inner}, {"@literal": inner}, {"@transform": inner}))
    holder[key] = inner
    return case


def _nest_deep(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    depth, kind = dice.choice((150, 300, 500, 900, 10_000)), dice.choice(sorted(NESTS))
    holder[key] = f"{DEEP}{depth} {kind}"
    return case


def _duplicate(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    if isinstance(holder, list):
        is_small = not isinstance(holder[key], dict | list | str)
        holder[key:key] = [holder[key]] * dice.choice((1, 2, 1000 if is_small else 3))
    else:
        holder[dice.choice(NAMES)] = holder[key]
    return json.loads(json.dumps(case))


def _rename(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case)
    if isinstance(holder, dict):
        holder[dice.choice(NAMES)] = holder.pop(key)
    return case


def _splice(dice: random.Random, case: Any) -> Any:
    other = json.loads(dice.choice(SEEDS))
    donor, name = _place(dice, other)
    holder, key = _place(dice, case)
    holder[key] = donor[name]
    return case


def _retext(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case, str)
    text = str(holder.get(key) if isinstance(holder, dict) else holder[key])
    for _ in range(dice.choice((1, 2, 4, 9))):
        at = dice.randint(0, len(text))
        text = text[:at] + dice.choice(PIECES) + text[at + dice.choice((0, 0, 1, 5)) :]
    holder[key] = text
    return case


def _lengthen(dice: random.Random, case: Any) -> Any:
    holder, key = _place(dice, case, str)
    piece = dice.choice((*PIECES, "a", "a@", "a.", "/a", "1", "<script"))
    text = piece * (dice.choice((100, 1000, 20_000)) // len(piece))
    holder[key] = dice.choice((text, text + str(holder.get(key) if isinstance(holder, dict) else holder[key])))
    return case


def _liquid(dice: random.Random, case: Any) -> Any:
    """A template of random pieces in place of any text or mapping."""
    holder, key = _place(dice, case)
    pieces = [dice.choice((_output, _tag))(dice) for _ in range(dice.randint(1, 6))]
    holder[key] = {"@liquid": "".join(pieces)}
    return case


def _output(dice: random.Random) -> str:
    return f"{{{{ {_filtered(dice)} }}}}"


def _filtered(dice: random.Random) -> str:
    filters = [
        f" | {dice.choice(sorted(FILTERS))}{dice.choice((':', ': ', ''))}"
        + ", ".join(dice.choice(OPERANDS) for _ in range(dice.choice((0, 1, 1, 2, 3))))
        for _ in range(dice.choice((0, 1, 1, 2, 4)))
    ]
    return dice.choice(OPERANDS) + "".join(filters)


def _tag(dice: random.Random) -> str:
    operator = dice.choice(("==", "!=", "<", ">=", "contains", "and", "or"))
    test = f"{dice.choice(OPERANDS)} {operator} {dice.choice(OPERANDS)}"
    operand = dice.choice(OPERANDS)
    return dice.choice((
        f"{{% if {test} %}}{_output(dice)}{{% endif %}}", f"{{% assign a = {_filtered(dice)} %}}",
        f"{{% assign a = a | push: a | push: {dice.choice(OPERANDS)} %}}" * dice.choice((1, 9)),
        f"{{% capture a %}}{{{{ a }}}}{_output(dice)}{{{{ a }}}}{{% endcapture %}}" * dice.choice((1, 9)),
        f"{{% unless {test} %}}x{{% else %}}{_output(dice)}{{% endunless %}}", f"{{% cycle {operand}, 'b' %}}",
        f"{{% increment {operand} %}}", f"{{% echo {_filtered(dice)} %}}", f"{{% {dice.choice(PIECES)} %}}",
    ))  # fmt: skip


def _rekind(dice: random.Random, case: Any) -> Any:
    other = json.loads(dice.choice(SEEDS))
    return {**case, **other} if dice.random() < 0.5 else {**other, **case}


DAMAGES: Final[tuple[Callable[[random.Random, Any], Any], ...]] = (
    _drop, _drop, _retype, _retype, _retype, _retype, _swap, _nest, _nest_deep, _duplicate, _rename, _splice, _splice,
    _retext, _retext, _retext, _retext, _lengthen, _rekind, _liquid, _liquid,
)  # fmt: skip
NESTS: Final = {
    "list": ("[", "1", "]"),
    "object": ('{"a":', "1", "}"),
    "path": ('{"@path":', '"a"', "}"),
    "literal": ('{"@literal":', "1", "}"),
    "if": ('{"@if":{"exists":1,"then":', "1", "}}"),
    "group": ('{"type":"group","operator":"and","children":[', "null", "]}"),
    "schema": ('{"type":"object","properties":{"a":', '{"type":"string"}', "}}"),
    "items": ('{"type":"array","items":', '{"type":"string"}', "}"),
    "field": ('{"type":"object","properties":{"a":', '{"type":"string"}', "}}"),
}


def _expanded(text: str) -> str:
    """*text* with what is nested deep in its place."""
    for mark in (json.dumps(DEEP)[:-1], f'"{DEEP}'):
        while (start := text.find(mark)) >= 0:
            end = text.index('"', start + len(mark))
            depth, _, kind = text[start + len(mark) : end].partition(" ")
            opened, inner, closed = NESTS.get(kind, NESTS["list"])
            count = int(depth) if depth.isdigit() else 1
            text = text[:start] + opened * count + inner + closed * count + text[end + 1 :]
    return text


def _broken(dice: random.Random, text: str) -> str:
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(BREAKS) + text[at + 1 :]
    return text


# -- judging ------------------------------------------------------------------------------------------------------


def judged(seed: int, index: int) -> Found:
    """What comes of one case, within a time."""
    line = line_of(seed, index)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        outcome = outcome_of(line)
    except Runaway:
        return Found(index, "RUNAWAY", f"takes more than {SECONDS:g} s of the processor", line)
    except Exception as error:
        return Found(index, "STRAY", f"{type(error).__name__}: {str(error)[:200]} {_where(error)}", line)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Found(index, outcome)


def outcome_of(line: str) -> str:
    """The kind of answer to the case in *line*, or of the error in it; raises what the engine must not raise."""
    try:
        case = parse(line)
    except ValueError:
        return "no JSON"
    if not isinstance(case, dict):
        return "no object"
    said = parse(stringify(answer(case)) or "")
    if said["ok"] and case["kind"] in FAST:
        with suppress(RecursionError, kit.MappingError):  # the two ways do not go equally deep
            FAST[case["kind"]](case)
    return f"answer to {case['kind']}" if said["ok"] else str(said["error"]["name"])


class Disagreement(Exception):
    """The fast and the interpreted way of the engine come to something else."""


def _compare(fast: Any, interpreted: Any) -> None:
    if fast != interpreted:
        raise Disagreement(f"fast {str(fast)[:90]!r}, interpreted {str(interpreted)[:90]!r}")


def _same_trigger(case: Any) -> None:
    if "event" in case:
        trigger = triggers.compiled(case["fql"])
        _compare(trigger.matches(case["event"]), triggers.evaluate(trigger.ast, case["event"]))


def _same_mapping(case: Any) -> None:
    event = case.get("payload", UNDEFINED)
    if "sample" not in json.dumps(case["mapping"]):  # a filter that draws lots
        fast = kit.compiled(case["mapping"])(event)
        _compare(stringify(fast), stringify(kit.transform(case["mapping"], event)))


def _same_payload(case: Any) -> None:
    schema, root = case["schema"], case.get("root", True)
    checked = checks.compiled(schema, root=root, exempt=())(case["payload"])
    payload = checks.remove_empty(case["payload"], schema, root=root)
    mismatches = checks.validate(payload, schema)
    _compare((stringify(checked.payload), checked.mismatches), (stringify(payload), mismatches))


FAST: Final[dict[str, Callable[[Any], None]]] = {
    "fql": _same_trigger, "mapping": _same_mapping, "remove_empty": _same_payload, "validate_schema": _same_payload,
}  # fmt: skip
"""Kinds that the engine has a fast way for, which has to come to the same."""


def _where(error: BaseException) -> str:
    """The last line of the engine on the way to *error*."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "mockodp_harness" in frame.filename]
    return f"({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    raise Runaway


def judged_all(seed: int, indexes: range) -> list[Found]:
    """What comes of some cases; a case may neither take long nor much memory."""
    signal.signal(signal.SIGPROF, _stopped)
    return [judged(seed, index) for index in indexes]


def _begin() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))


def shown(line: str) -> None:
    """Print a line of the report."""
    print(line, flush=True)  # noqa: T201


def run(cases: int, seed: int, jobs: int) -> Iterator[list[Found]]:
    """Judge *cases* cases in *jobs* processes, some at a time."""
    chunks = [range(start, min(cases, start + CHUNK)) for start in range(0, cases, CHUNK)]
    with multiprocessing.Pool(jobs, _begin) as pool:
        yield from pool.imap_unordered(partial(judged_all, seed), chunks)


def main() -> int:
    """Judge as many cases as asked for; 1 if any of them is not answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="how many cases (100000)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one a core)")
    parser.add_argument("--show", type=int, metavar="INDEX", help="print this case and stop")
    chosen = parser.parse_args()
    if chosen.show is not None:
        shown(line_of(chosen.seed, chosen.show))
        return 0
    outcomes: Counter[str] = Counter()
    complaints: Counter[str] = Counter()
    told = time.monotonic()
    for found in run(chosen.cases, chosen.seed, chosen.jobs):
        outcomes.update(each.outcome for each in found)
        _report(found, complaints)
        if time.monotonic() - told > PAUSE:
            told = time.monotonic()
            shown(f"{outcomes.total()} of {chosen.cases} cases, {complaints.total()} complaints")
    for outcome, count in sorted(outcomes.items()):
        shown(f"{count:>9}  {outcome}")
    shown(f"{outcomes.total():>9}  cases of seed {chosen.seed}, {complaints.total()} complaints")
    for complaint, count in complaints.most_common():
        shown(f"{count:>9}  {complaint}")
    return 1 if complaints else 0


def _report(found: list[Found], complaints: Counter[str]) -> None:
    """Show the first case of each complaint."""
    for each in found:
        if each.complaint and each.complaint not in complaints:
            shown(f"{each.outcome} at {each.number}: {each.complaint}\n  {each.line}")
        complaints.update([each.complaint] if each.complaint else [])


if __name__ == "__main__":
    sys.exit(main())

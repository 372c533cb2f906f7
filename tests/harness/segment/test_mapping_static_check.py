"""The check of a mapping before it is resolved: every rule, every text."""

from __future__ import annotations

from typing import Any

import pytest
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment.values import UNDEFINED, Function

PATH = {"@path": "$.a"}


@pytest.mark.parametrize(
    "mapping",
    [
        *(1, "text", None, True, UNDEFINED),
        [{"@oops": 1}, {"@path": "$.x", "b": 1}],
        {"@path": "$.x", "_metadata": {"@oops": 1}},
        {"@if": {"exists": PATH, "then": {"a": 1}, "else": [{"@oops": 1}]}},
        {"@case": {}},
        {
            "@replace": {
                "pattern": "1234567890",
                "replacement": "1234567890",
                "value": "",
                "ignorecase": False,
                "global": True,
            }
        },
        {"@replace": {"pattern": "😀😀😀😀😀", "value": PATH}},
        *(
            {"@arrayPath": each}
            for each in (["$.x"], [PATH], ["$.x", {"a": PATH}], ["$.x", 5], ["$.x", [{"@oops": 1}]])
        ),
        {"@json": {"value": PATH, "mode": "ENCODE"}},
        {"@flatten": {"value": 1}},
        {"@merge": {"objects": [{}, PATH]}},
        {"@merge": {"direction": "Left", "objects": []}},
        *({name: value} for name in ("@literal", "@excludeWhenNull") for value in (1, PATH, {"a": {"@oops": 1}})),
        {"@transform": {"apply": {}, "mapping": PATH}},
        {"@liquid": "{{ a"},
    ],
)
def test_sound_mappings(mapping: Any) -> None:
    kit.validate(mapping)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"@path": "a", "@template": "b", "c": 1}, "/ should only have one @-prefixed key but it has 2 keys."),
        ({"@path": "a", "b": 1, "_metadata": 1}, "/ should only have one @-prefixed key but it has 3 keys."),
        ({"@x": 1}, "/ has an invalid directive: @x."),
        ({"@path": 5}, "/@path should be a string or a mapping directive but it is a number."),
        ({"@path": {}}, "/@path should be a string or a mapping directive but it is an object."),
        ({"@path": []}, "/@path should be a string or a mapping directive but it is an array."),
        ({"@path": None}, "/@path should be a string or a mapping directive but it is a null."),
        ({"@path": UNDEFINED}, "/@path should be a string or a mapping directive but it is an undefined."),
        ({"@path": {"@x": 1}}, "/@path has an invalid directive: @x."),
        ({"@template": True}, "/@template should be a string or a mapping directive but it is a boolean."),
        ({"@if": "a"}, "/@if should be an object but it is a string."),
        ({"@case": PATH}, "/@case should be an object but it is a directive."),
        ({"@arrayPath": PATH}, "/@arrayPath should be an array but it is an object."),
        ({"@liquid": PATH}, "/@liquid should be a string but it is a directive."),
        ({"@literal": {"@x": 1}}, "/@literal has an invalid directive: @x."),
        ({"@literal": UNDEFINED}, "/@literal should be a mapping directive or a JSON value but it is an undefined."),
        ({"@merge": {"objects": [1]}}, "/ should be a object or a mapping directive but it is a number."),
        (
            {"@merge": {"objects": [{"@path": 1}]}},
            "/@path should be a string or a mapping directive but it is a number.",
        ),
    ],
)
def test_a_fault_at_the_root_stands_alone(mapping: Any, message: str) -> None:
    with pytest.raises(kit.ValidationError) as refused:
        kit.validate(mapping)
    assert (refused.value.name, refused.value.message) == ("ValidationError", message)


@pytest.mark.parametrize(
    ("mapping", "messages"),
    [
        ({"a": {"b": {"@x": 1}}, "c": {"@path": 1}}, ["/a/b has an invalid directive: @x.",
          "/c/@path should be a string or a mapping directive but it is a number."]),
        ({"@if": {"exists": 1, "blank": {"@x": 1}, "then": {"a": {"@y": 1}}, "other": {"@z": 1}}},
         ["/@if/blank has an invalid directive: @x.", "/@if/then/a has an invalid directive: @y.",
          "/@if/other has an invalid directive: @z."]),
        ({"@case": {"operator": PATH, "value": 1}}, ["/@case/operator should be a string but it is a directive.",
          "/@case/value should be a string or a mapping directive but it is a number."]),
        ({"@replace": {"pattern": "", "value": PATH, "global": None}},
         ["/@replace/pattern should be a string of length 1 or greater.",
          "/@replace/global should be a boolean but it is a null."]),
        ({"@replace": {"pattern": "😀😀😀😀😀😀", "replacement": 1}},
         ["/@replace/pattern should be a string of length 10 or less.",
          "/@replace/replacement should be a string but it is a number.",
          '/@replace should have field "value" but it doesn\'t.']),
        ({"a": {"@json": {"mode": "x", "value": Function("f")}}},
         ["/a/@json/value should be a mapping directive or a JSON value but it is a function.",
          '/a/@json/mode should be one of encode, decode but it is "x".']),
        ({"@json": {}}, ['/@json should have field "value" but it doesn\'t.',
          '/@json should have field "mode" but it doesn\'t.']),
        ({"@flatten": {"separator": 1}}, ["/@flatten/separator should be a string but it is a number.",
          '/@flatten should have field "value" but it doesn\'t.']),
        ({"@merge": {"direction": "up"}}, ['/@merge/direction should be one of left, right but it is "up".',
          '/@merge should have field "objects" but it doesn\'t.']),
        ({"a": {"@merge": {"objects": [1]}}}, ["/ should be a object or a mapping directive but it is a number."]),
        ({"@transform": {"apply": 1}},
         ["/@transform/apply should be a object or a mapping directive but it is a number.",
          '/@transform should have field "mapping" but it doesn\'t.']),
        ({"@transform": {"apply": {"a": {"@x": 1}}, "mapping": {}}},
         ["/@transform/apply/a has an invalid directive: @x."]),
    ],
)  # fmt: skip
def test_faults_under_an_object_are_raised_together(mapping: Any, messages: list[str]) -> None:
    with pytest.raises(kit.AggregateError) as refused:
        kit.validate(mapping)
    assert refused.value.name == "AggregateError"
    assert [error.message for error in refused.value.errors] == messages


def test_mappings_are_checked_before_they_are_applied() -> None:
    for function in (kit.transform, kit.transform_batch):
        with pytest.raises(kit.AggregateError, match="/a has an invalid directive: @x"):
            function({"a": {"@x": 1}}, {} if function is kit.transform else [])

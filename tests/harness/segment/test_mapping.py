"""What mappings make of an event: paths, directives, the root directive; interpreted and compiled alike."""

from __future__ import annotations

from typing import Any, Final

import pytest
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment.mapping.resolving import DIRECTIVES, directive
from mockodp_harness.segment.mapping.static_check import CHECKS
from mockodp_harness.segment.values import UNDEFINED, Function, parse, stringify

EVENT: Final = parse(
    """{"type": "track", "userId": "u1", "template": "<{{type}}>", "where": "$.properties.s", "properties": {
    "s": "abc", "n": 1.5, "big": 12345678901234567890, "zero": 0, "f": false, "t": true, "nul": null, "empty": "",
    "arr": [1, 2, {"x": "y"}], "arrn": [[1], [2, 3]], "obj": {"10": "ten", "a": 1}, "a b": "blank", "a.b": "dotted",
    "triple": "{{type}}", "emptyobj": {}, "emptyarr": [], "blank": "  ", "one": [""],
    "items": [{"id": 1}, null, "str"], "values": [{"v": 1}, {"v": 2}], "alone": {"id": 7},
    "directive": {"@path": "x"}, "nulls": {"a": null, "b": {"c": null, "d": [null, {"e": null}]}, "f": 1}}}"""
)


def _json(mapping: Any, event: Any = EVENT) -> str | None:
    """The result of *mapping* as JSON text, which the interpreted and the compiled mapping have to agree on."""
    before = stringify(event)
    text = stringify(kit.transform({"field": mapping}, event).get("field", UNDEFINED))
    compiled = kit.compiled({"field": mapping})
    assert stringify(compiled(event).get("field", UNDEFINED)) == text
    assert [stringify(each.get("field", UNDEFINED)) for each in compiled.batch([event, event])] == [text, text]
    assert [stringify(each.get("field", UNDEFINED)) for each in kit.transform_batch({"field": mapping}, [event])] == [
        text
    ]
    assert stringify(event) == before
    return text


def _refused(mapping: Any, event: Any = EVENT) -> kit.MappingError:
    """The error of *mapping*, which the interpreted and the compiled mapping have to agree on."""
    compiled = kit.compiled(mapping)
    with pytest.raises(kit.MappingError) as first:
        kit.transform(mapping, event)
    with pytest.raises(kit.MappingError) as second:
        compiled(event)
    assert (first.value.name, first.value.message) == (second.value.name, second.value.message)
    return first.value


def test_every_directive_is_checked_and_resolved() -> None:
    assert set(CHECKS) == set(DIRECTIVES)


def test_a_directive_is_defined_once() -> None:
    with pytest.raises(ValueError, match="The directive @path is defined twice"):
        directive("@path")(lambda _argument, _event: None)


# -- resolving ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("{{type}}", '"{{type}}"'),
        (1, "1"),
        (True, "true"),
        (None, "null"),
        ([{"@path": "$.missing"}], "[null]"),
        ([{"@path": "$.type"}, 1], '["track",1]'),
        ({"b": 1, "a": {"@path": "$.type"}}, '{"b":1,"a":"track"}'),
        ({"b": 1, "10": 2, "9": 3}, '{"9":3,"10":2,"b":1}'),
        ({"a": {"@path": "$.missing"}, "b": {"c": {"@path": "$.missing"}}}, '{"b":{}}'),
        ({"@path": "$.type", "_metadata": {"label": "X"}}, '"track"'),
        ({"@path": "$.properties.directive"}, '{"@path":"x"}'),
        ({"__proto__": {"a": 1}, "b": 2}, '{"b":2}'),
        ([{"@path": "$.type", "b": 1}], '[{"@path":"$.type","b":1}]'),
        (UNDEFINED, None),
        ({"_metadata": 1}, '{"_metadata":1}'),
    ],
)
def test_resolving(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


def test_members_called_proto_vanish_from_what_is_copied() -> None:
    assert _json({"@path": "$.a"}, {"a": {"b": {"__proto__": {"c": 1}, "d": 2}}}) == '{"b":{"d":2}}'


def test_results_share_nothing_with_the_event_or_the_mapping() -> None:
    mapping = {"a": {"@path": "$.a"}, "b": {"c": [1]}}
    event = {"a": {"x": [1]}}
    for each in (kit.transform(mapping, event), kit.compiled(mapping)(event)):
        each["a"]["x"].append(2)
        each["b"]["c"].append(2)
    assert (mapping, event) == ({"a": {"@path": "$.a"}, "b": {"c": [1]}}, {"a": {"x": [1]}})


@pytest.mark.parametrize(
    ("data", "kind"), [(1, "number"), ([], "array"), (None, "null"), ("a", "string"), (True, "boolean")]
)
def test_data_have_to_be_an_object(data: Any, kind: str) -> None:
    assert _refused({"a": 1}, data).message == f"data must be an object, got {kind}"


def test_missing_data_are_an_object_without_members() -> None:
    assert kit.transform({"a": {"@path": "$.b"}, "c": 1}) == kit.compiled({"c": 1})() == {"c": 1}


def test_a_batch_has_to_be_a_list() -> None:
    with pytest.raises(kit.MappingError, match="data must be an array, got object"):
        kit.transform_batch({}, {})
    with pytest.raises(kit.MappingError, match="data must be an array, got null"):
        kit.compiled({}).batch(None)


def test_items_of_a_batch_may_be_anything() -> None:
    mapping = {"a": {"@path": "$.b"}}
    events = [{"b": 1}, None, "text", [{"b": 2}], 0]
    assert kit.transform_batch(mapping, events) == kit.compiled(mapping).batch(events)
    assert stringify(kit.transform_batch(mapping, events)) == '[{"a":1},{"a":null},{},{},{"a":0}]'


# -- paths --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.type", '"track"'),
        ("type", '"track"'),
        ("$..type", '"track"'),
        ("$.properties..s", '"abc"'),
        (" $.type", None),
        ("$.type ", None),
        ("$.Type", None),
        ("$", None),
        ("$.properties.arr[0]", "1"),
        ("$.properties.arr.0", "1"),
        ("$.properties.arrn[1][0]", "2"),
        ("$.properties.arrn[1].[0]", "2"),
        ("$.properties.arr[*].y", None),
        ("$.properties.arr[-1]", None),
        ("$.properties.arr[]", None),
        ("$.properties.arr[9]", None),
        ("$.properties['a b']", '"blank"'),
        ('$.properties["a b"]', '"blank"'),
        ("$.properties.a b", '"blank"'),
        ("$.properties['a.b']", None),
        ("$.properties.a\\.b", None),
        ("$['properties']['s']", None),
        ("$.['properties'].s", '"abc"'),
        ("$.properties[s]", None),
        ("$.properties.obj[10]", '"ten"'),
        ("$.properties.obj['10']", '"ten"'),
        ("properties$.s", None),
        ("properties.$.s", '"abc"'),
        ("$.properties.$.s", None),
        ("$$.type", None),
        ("$.properties.nul.x", "null"),
        ("$.properties.zero.x", "0"),
        ("$.properties.f.x", "false"),
        ("$.properties.empty.x", '""'),
        ("$.properties.s.length", "3"),
        ("$.properties.s[0]", '"a"'),
        ("$.properties.s[3]", None),
        ("$.properties.s.x", None),
        ("$.properties.arr.length", "3"),
        ("$.properties.n.x", None),
        ("$.properties.t.x", None),
        ("$.properties.constructor.name", '"Object"'),
        ("$.properties.constructor.length", "1"),
        ("$.properties.arr.constructor.name", '"Array"'),
        ("$.properties.s.constructor.name", '"String"'),
        ("$.properties.n.constructor.name", '"Number"'),
        ("$.properties.t.constructor.name", '"Boolean"'),
        ("$.properties.arr.__proto__", "[]"),
        ("$.__proto__", "{}"),
        ("$.__proto__.x", None),
    ],
)
def test_paths(path: str, expected: str | None) -> None:
    assert _json({"@path": path}) == expected


@pytest.mark.parametrize("path", ["", ".", "..", "$."])
def test_paths_to_the_whole_event(path: str) -> None:
    assert _json({"@path": path}) == stringify(EVENT)


def test_the_first_root_vanishes_wherever_it_stands() -> None:
    event = {"propertiess": 1, "properties": {"$": {"s": 2}}, "$type": 3}
    paths = ("properties$.s", "$.properties.$.s", "$$.type")
    assert [_json({"@path": path}, event) for path in paths] == ["1", "2", "3"]


def test_a_path_may_lead_to_a_function() -> None:
    assert kit.transform({"a": {"@path": "$.toString"}}, {}) == {"a": Function("toString")}
    assert _json({"@path": "$.toString"}) is None
    assert _json({"@template": "{{toString}}"}) == '"function toString() { [native code] }"'


def test_texts_are_indexed_by_code_units() -> None:
    assert _json([{"@path": "$.a.length"}, {"@path": "$.a[1]"}], {"a": "😀"}) == '[2,"\\ude00"]'


def test_own_members_hide_inherited_ones() -> None:
    assert _json([{"@path": "$.toString"}, {"@path": "$.a.length"}], {"toString": 1, "a": {"length": 9}}) == "[1,9]"


# -- directives ---------------------------------------------------------------------------------------------------


def _if(**members: Any) -> Any:
    return {"@if": {"then": "yes", "else": "no", **{name.rstrip("_"): member for name, member in members.items()}}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_if(exists={"@path": "$.properties.f"}), '"yes"'),
        (_if(exists={"@path": "$.properties.empty"}), '"yes"'),
        (_if(exists={"@path": "$.properties.nul"}), '"no"'),
        (_if(exists={"@path": "$.missing"}), '"no"'),
        (_if(exists=False, blank={"@path": "$.type"}), '"yes"'),
        (_if(exists=None, blank={"@path": "$.type"}), '"no"'),
        (_if(exists={"a": {"@path": "$.missing"}}), '"yes"'),
        (_if(exists=[{"@path": "$.missing"}]), '"yes"'),
        (_if(exists=1), '"yes"'),
        (_if(blank={"@path": "$.properties.zero"}), '"no"'),
        (_if(blank={"@path": "$.properties.f"}), '"no"'),
        (_if(blank={"@path": "$.properties.empty"}), '"no"'),
        (_if(blank={"@path": "$.properties.emptyarr"}), '"no"'),
        (_if(blank={"@path": "$.properties.one"}), '"no"'),
        (_if(blank={"@path": "$.properties.nul"}), '"no"'),
        (_if(blank={"@path": "$.missing"}), '"no"'),
        (_if(blank={"@path": "$.properties.emptyobj"}), '"yes"'),
        (_if(blank={"@path": "$.properties.arr"}), '"yes"'),
        (_if(blank={"@path": "$.properties.blank"}), '"yes"'),
        (_if(blank="x"), '"yes"'),
        (_if(exists=1, then=None), "null"),
        (_if(exists=1, then=""), '""'),
        (_if(exists=1, then=False), "false"),
        ({"@if": {"exists": 1}}, None),
        (_if(exists={"@path": "$.x"}, else_=""), None),
        (_if(exists={"@path": "$.x"}, else_=0), None),
        (_if(exists={"@path": "$.x"}, else_=False), None),
        (_if(exists={"@path": "$.x"}, else_=None), None),
        (_if(exists={"@path": "$.x"}, else_=[{"@path": "$.type"}]), '["track"]'),
    ],
)
def test_if(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


@pytest.mark.parametrize("members", [{}, {"exists": ""}, {"exists": 0, "blank": None}, {"blank": False}])
def test_if_wants_a_condition(members: dict[str, Any]) -> None:
    assert _refused({"a": {"@if": members}}).message == '@if requires an "exists" key or a "blank" key'


def _template(text: str) -> Any:
    return {"@template": text}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_template("{{$.type}}"), ""),
        (_template("{{ type }}-{{userId}}"), "track-u1"),
        (_template("{{{type}}}"), "track"),
        (_template("{{properties.missing}}{{properties.nul}}"), ""),
        (_template("{{properties.n}} {{properties.t}} {{properties.big}}"), "1.5 true 12345678901234567000"),
        (_template("{{properties.arr}}"), "1,2,[object Object]"),
        (_template("{{ }}"), "[object Object]"),
        (_template("{{}}"), "{{}}"),
        (_template("{{type}}}"), "track}"),
        (_template("{{{{type}}}}"), "}"),
        (_template("{{{properties.triple}}}"), "track"),
        (_template("{{properties.triple}}"), "{{type}}"),
        (_template("{{properties.s.length}}"), "3"),
        (_template("plain"), "plain"),
        ({"@template": {"@path": "$.template"}}, "<track>"),
        ({"@template": {"@template": "{{{properties.triple}}}"}}, "track"),
        ({"@template": {"@literal": "{{type}}"}}, "track"),
    ],
)
def test_template(mapping: Any, expected: str) -> None:
    assert _json(mapping) == stringify(expected)


def test_halves_of_a_character_meet_in_a_template() -> None:
    assert _json(_template("{{a}}{{b}}"), {"a": "\ud83d", "b": "\ude00"}) == '"😀"'


@pytest.mark.parametrize("name", ["@path", "@template"])
@pytest.mark.parametrize(
    ("path", "kind"), [("$.missing", "undefined"), ("$.properties.arr", "array"), ("$.properties.nul", "null")]
)
def test_arguments_have_to_be_texts(name: str, path: str, kind: str) -> None:
    assert _refused({"a": {name: {"@path": path}}}).message == f"{name}: expected string, got {kind}"


def test_paths_may_come_from_the_event() -> None:
    assert _json({"@path": {"@path": "$.where"}}) == '"abc"'
    assert _json({"@path": {"@literal": "$.where"}}) == '"$.properties.s"'


def _case(operator: str, value: Any) -> Any:
    return {"@case": {"operator": operator, "value": value}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_case("upper", "stra\u00dfe \ufb01"), '"STRASSE FI"'),
        (_case("lower", "\u0391\u03a3 \u0130"), '"\u03b1\u03c2 i\u0307"'),
        (_case("upper", {"@path": "$.properties.n"}), "1.5"),
        (_case("unsupported", {"@path": "$.properties.arr"}), '[1,2,{"x":"y"}]'),
        (_case("lower", ""), None),
        ({"@case": {"operator": "lower"}}, None),
        (_case("upper", {"@path": "$.missing"}), None),
        (_case("upper", {"@path": "$.properties.nul"}), "null"),
    ],
)
def test_case(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


def test_case_wants_an_operator_that_it_knows() -> None:
    for members in ({"value": "a"}, {"operator": "", "value": "a"}):
        assert _refused({"a": {"@case": members}}).message == '@case requires a "operator" key'
    wanted = 'operator key should have a value of "lower" or "upper"'
    assert _refused({"a": _case("Lower", {"@path": "$.type"})}).message == wanted
    assert _refused({"a": _case("Lower", "x")}).message == wanted


def _replace(value: Any, pattern: str, replacement: str = "", **members: Any) -> Any:
    given = {"pattern": pattern, "replacement": replacement, "value": value, **members}
    return {"@replace": {name.rstrip("_"): member for name, member in given.items()}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_replace({"@path": "$.properties.big"}, "0", "-"), '"123456789-1234567---"'),
        (_replace("banana", "an", "$&$&"), '"banananana"'),
        (_replace("banana", "b", "$&$&", global_=False), '"bbanana"'),
        (_replace("banana", "b", "$$&"), '"$&anana"'),
        (_replace("banana", "nan", "[$`|$']"), '"ba[ba|a]a"'),
        (_replace("banana", "b", "$1$0$<n>"), '"$1$0$<n>anana"'),
        (_replace("a.b.c", ".", "-"), '"a-b-c"'),
        (_replace("a.b.c", ".", "-", global_=False), '"a-b.c"'),
        (_replace("aAa", "a", "b"), '"bAb"'),
        (_replace("aAa", "A", "b", ignorecase=True), '"bbb"'),
        (_replace("s\u017f", "S", "x", ignorecase=True), '"x\u017f"'),
        (_replace("k\u212a", "K", "x", ignorecase=True), '"x\u212a"'),
        (_replace("i\u0131\u0130", "I", "x", ignorecase=True), '"x\u0131\u0130"'),
        (_replace("\u03c3\u03c2\u03a3", "\u03a3", "x", ignorecase=True), '"xxx"'),
        (_replace("\u00b5\u03bc\u039c", "\u03bc", "x", ignorecase=True), '"xxx"'),
        (_replace("\u00df\u1e9e", "\u00df", "x", ignorecase=True), '"x\u1e9e"'),
        (_replace("😀", "\ud83d", "x"), '"x\\ude00"'),
        (_replace("", "a", "b"), None),
        (_replace({"@path": "$.missing"}, "a", "b"), '""'),
        (_replace({"@path": "$.properties.arr"}, "a", "b"), '""'),
        (_replace({"@path": "$.properties.t"}, "true", "yes"), '"yes"'),
        (_replace("a-b", "-", " ", pattern2="B", replacement2="c", ignorecase=True), '"a c"'),
        (_replace("a-b", "-", "+", pattern2="+"), '"ab"'),
        (_replace("a-b", "-", "+", pattern2=""), '"a+b"'),
        (_replace("a-b", "-", "+", pattern2=5), '"a+b"'),
        (_replace("a-b-b", "-", "+", pattern2="b", replacement2="c", global_=False), '"a+c-b"'),
        ({"@replace": {"pattern": "a", "value": "banana"}}, '"bnn"'),
    ],
)
def test_replace(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


@pytest.mark.parametrize(
    ("members", "name"),
    [({"pattern2": "12345678901"}, "pattern"), ({"pattern2": "1", "replacement2": "12345678901"}, "replacement")],
)
def test_the_second_pair_is_measured_when_it_is_used(members: dict[str, Any], name: str) -> None:
    assert (
        _refused({"a": _replace("x", "a", **members)}).message
        == f'@replace requires a "{name}" less than 10 characters'
    )


def _array_path(*parts: Any) -> Any:
    return {"@arrayPath": list(parts)}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_array_path("$.properties.values"), '[{"v":1},{"v":2}]'),
        (_array_path("$.properties.values", {}), '[{"v":1},{"v":2}]'),
        (_array_path("$.properties.values", {"@path": "$.v"}), "[1,2]"),
        (_array_path("$.properties.values", {"v": {"@path": "$.v"}, "c": "x"}), '[{"v":1,"c":"x"},{"v":2,"c":"x"}]'),
        (_array_path("$.properties.items", {"i": {"@path": "$.id"}}), '[{"i":1},{"i":null},{}]'),
        (_array_path("$.properties.alone", {"i": {"@path": "$.id"}}), '[{"i":7}]'),
        (_array_path("$.properties.alone"), '{"id":7}'),
        (_array_path("$.properties.emptyobj", {"i": {"@path": "$.id"}}), "[{}]"),
        (_array_path("$.properties.emptyarr", {"i": {"@path": "$.id"}}), "[]"),
        (_array_path({"@path": "$.properties.values"}, {"@path": "$.v"}), "[1,2]"),
        (_array_path("$.missing", {"i": 1}), None),
        (_array_path("$.properties.nul", {"i": 1}), "null"),
        (_array_path("$.properties.s", {"i": 1}), '"abc"'),
        (_array_path("$.properties.n", {"i": 1}), "1.5"),
        (_array_path("$.properties.values", "x"), '[{"v":1},{"v":2}]'),
    ],
)
def test_array_path(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


def _flatten(value: Any, **members: Any) -> Any:
    return {"@flatten": {"separator": ".", "value": value, **members}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_flatten({"": {"b": 1}, "a": {"": 2}}), '{"b":1,"a.":2}'),
        (_flatten({"a": {}, "b": [], "c": [1, {"d": 2}]}), '{"c.0":1,"c.1.d":2}'),
        (_flatten({"c": [1, {"d": 2}]}, omitArrays=1), '{"c":[1,{"d":2}]}'),
        (_flatten([1, [2]]), '{"0":1,"1.0":2}'),
        (_flatten("x"), '{"":"x"}'),
        (_flatten({"@path": "$.missing"}), "{}"),
        (_flatten({"@path": "$.properties.nul"}), '{"":null}'),
        (_flatten({"a": {"b": 1}, "a.b": 2, "z": 3}), '{"a.b":2,"z":3}'),
        (_flatten({"z": 1, "": {"5": 2}}), '{"5":2,"z":1}'),
    ],
)
def test_flatten(mapping: Any, expected: str) -> None:
    assert _json(mapping) == expected


@pytest.mark.parametrize("members", [{"value": {}}, {"value": {}, "separator": ""}])
def test_flatten_wants_a_separator(members: dict[str, Any]) -> None:
    assert _refused({"a": {"@flatten": members}}).message == '@flatten requires a "separator" key'


def _json_directive(mode: str, value: Any) -> Any:
    return {"@json": {"mode": mode, "value": value}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (
            _json_directive("encode", {"a": [1, {"@path": "$.missing"}], "b": {"@path": "$.missing"}}),
            r'"{\"a\":[1,null]}"',
        ),
        (_json_directive("encode", {"@path": "$.missing"}), None),
        (_json_directive("encode", "é"), r'"\"é\""'),
        (_json_directive("decode", '{"a":1,"a":2}'), '{"a":2}'),
        (_json_directive("decode", "1e400"), "null"),
        (_json_directive("decode", "{oops"), '"{oops"'),
        (_json_directive("decode", "NaN"), '"NaN"'),
        (_json_directive("decode", {"@path": "$.properties.arr"}), '[1,2,{"x":"y"}]'),
        (_json_directive("Encode", "x"), None),
    ],
)
def test_json(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


@pytest.mark.parametrize("value", ["", 0, False, None])
def test_json_wants_a_value(value: Any) -> None:
    assert _refused({"a": _json_directive("encode", value)}).message == '@json requires a "value" key'


def _merge(direction: str, *objects: Any) -> Any:
    return {"@merge": {"direction": direction, "objects": list(objects)}}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (_merge("right", {"b": 1, "a": 1}, {"a": 2, "c": 3, "1": 0}), '{"1":0,"b":1,"a":2,"c":3}'),
        (_merge("left", {"b": 1, "a": 1}, {"a": 2, "c": 3}), '{"a":1,"c":3,"b":1}'),
        (_merge("Left", {"a": 1}, {"a": 2}), '{"a":2}'),
        (_merge("right", {"a": 1, "b": 1}, {"a": {"@path": "$.missing"}, "b": None}), '{"b":null}'),
        (_merge("right", {"a": 1}, {"a": {"@replace": {"pattern": "x", "value": ""}}}), "{}"),
        (_merge("right", *({"@path": f"$.properties.{name}"} for name in ("nul", "zero", "t", "missing"))), "{}"),
        (_merge("right", {"@path": "$.properties.s"}, {"@path": "$.properties.arrn"}), '{"0":[1],"1":[2,3],"2":"c"}'),
        (_merge("right", {"a": {"x": 1}}, {"a": {"y": 1}}), '{"a":{"y":1}}'),
    ],
)
def test_merge(mapping: Any, expected: str) -> None:
    assert _json(mapping) == expected


def test_merge_wants_a_direction() -> None:
    assert _refused({"a": {"@merge": {"objects": []}}}).message == '@merge requires a "direction" key'


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"@literal": {"a": {"@path": "$.type"}, "b": 1}}, '{"a":"track","b":1}'),
        ({"@literal": None}, "null"),
        ({"@excludeWhenNull": {"@path": "$.properties.nul"}}, None),
        ({"@excludeWhenNull": {"@path": "$.properties.nulls"}}, '{"b":{"d":[null,{"e":null}]},"f":1}'),
        ({"@excludeWhenNull": [None]}, "[null]"),
        ({"@transform": {"apply": {"x": {"@path": "$.type"}, "n": {"@path": "$.no"}}, "mapping": {"@path": "$."}}},
         '{"x":"track"}'),
        ({"@transform": {"apply": {"@path": "$.properties"}, "mapping": {"a": {"@path": "$.s"}}}}, '{"a":"abc"}'),
        ({"@transform": {"apply": {"@path": "$.type"}, "mapping": {"a": {"@path": "$.length"}}}}, '{"a":5}'),
    ],
)  # fmt: skip
def test_other_directives(mapping: Any, expected: str | None) -> None:
    assert _json(mapping) == expected


def test_transform_wants_an_event_that_is_an_object() -> None:
    shape = {"@transform": {"apply": {"a": 1}, "mapping": {}}}
    message = "data must be an object, got null"
    assert _refused({"a": _array_path("$.properties.items", shape)}).message == message


# -- what the static check does not see ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"@oops": 1}, "@oops is not a valid directive, got undefined"),
        ({"@literal": {"@literal": [{"@oops": 1}]}}, "@oops is not a valid directive, got undefined"),
        ({"@path": 5}, "@path: expected string, got number"),
        ({"@template": None}, "@template: expected string, got null"),
        ({"@liquid": []}, "liquid template value must be a string"),
        ({"@arrayPath": "$.x"}, "@arrayPath expected array, got string"),
        ({"@if": 1}, '@if requires an object with an "exists" key'),
        ({"@case": "x"}, '@case requires an object with a "operator" key'),
        ({"@replace": {"value": "x"}}, '@replace requires a "pattern" key'),
        (
            {"@replace": {"value": "x", "pattern": "12345678901"}},
            '@replace requires a "pattern" less than 10 characters',
        ),
        ({"@merge": {"direction": "left"}}, '@merge requires a "objects" key'),
        ({"@merge": {"direction": "left", "objects": 5}}, "@merge: expected opts.array, got number"),
        ({"@transform": {"apply": {}}}, '@transform requires a "mapping" key'),
        ({"@transform": {"apply": [1], "mapping": 1}}, '@transform "apply" key should be an object'),
        ({"@transform": {"apply": {"a": {"@oops": 1}}, "mapping": 1}}, "/a has an invalid directive: @oops."),
    ],
)
def test_faults_inside_arrays_show_when_they_are_resolved(mapping: Any, message: str) -> None:
    assert _refused({"a": [mapping]}).message == message


@pytest.mark.parametrize("depth", [2000, 100_000])
def test_what_is_nested_too_deeply_is_refused(depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": deep}
    for mapping, event in (({"x": {"@path": "$.a"}}, deep), (deep, {})):
        assert _refused(mapping, event).name == "RangeError"


# -- the root directive -------------------------------------------------------------------------------------------

APPLY: Final = {"@transform": {"apply": {"x": {"@path": "$.type"}}}}


def test_the_root_directive_is_applied_once_for_all_members() -> None:
    mapping = {"__segment_internal_directive": APPLY, "a": {"@path": "$.x"}, "b": {"@path": "$.type"}}
    assert kit.transform(mapping, EVENT) == kit.compiled(mapping)(EVENT) == {"a": "track"}
    assert kit.transform_batch(mapping, [EVENT]) == kit.compiled(mapping).batch([EVENT]) == [{"a": "track"}]


def test_other_internal_members_are_ordinary() -> None:
    mapping = {"__segment_internal_sync_mode": "add", "__segment_internal_matching_key": {"@path": "$.type"}}
    expected = {"__segment_internal_sync_mode": "add", "__segment_internal_matching_key": "track"}
    assert kit.transform(mapping, EVENT) == kit.compiled(mapping)(EVENT) == expected


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ({**APPLY, "@literal": 1}, "The root mapping must only have a single directive object"),
        ({"@transform": 5}, "The root directive must be an object"),
        ("text", "The root mapping must only have a single directive object"),
        ("t", "The root directive must be an object"),
        (None, "Cannot convert undefined or null to object"),
    ],
)
def test_faulty_root_directives(root: Any, message: str) -> None:
    assert _refused({"__segment_internal_directive": root, "a": 1}).message == message


@pytest.mark.parametrize(("mapping", "expected"), [("a😀", '{"0":"a","1":"\\ud83d","2":"\\ude00"}'), (5, "{}")])
def test_mappings_that_are_no_objects_become_objects(mapping: Any, expected: str) -> None:
    assert stringify(kit.transform(mapping, EVENT)) == stringify(kit.compiled(mapping)(EVENT)) == expected


def test_null_is_no_mapping() -> None:
    with pytest.raises(kit.MappingError, match=r"^Cannot convert undefined or null to object$"):
        kit.transform(None, EVENT)


# -- keys ---------------------------------------------------------------------------------------------------------


def test_keys_are_found_at_any_depth() -> None:
    mapping = {
        "a": [{"@path": "$.b"}, {"@literal": "c"}],
        "d": {"@if": {"exists": {"@template": "{{ e }}"}, "then": 1}},
    }
    assert kit.keys(mapping) == ["$.b", " e "]
    assert kit.keys({"@path": {"@path": "$.f"}}) == [{"@path": "$.f"}]

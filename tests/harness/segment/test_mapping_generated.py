"""Generated mappings and events: compiled and interpreted agree, and nothing but the errors of mappings is raised."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment.values import UNDEFINED, ordered, parse, stringify

CASES: Final = int(os.environ.get("CASES", "150"))
BOUNDED: Final = settings(
    max_examples=CASES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

NAMES: Final = st.sampled_from(["a", "b", "1", "10", "", "a b", "toString", "length", "__proto__", "_metadata"])
TEXTS: Final = st.sampled_from(["", "abc", "aXa", "😀", "\ud83d", " ", "{{a}}", '{"a":1}', "lower", "$.a", "straße"])
SCALARS: Final = st.one_of(
    st.none(), st.booleans(), TEXTS, st.sampled_from([0, 1, -1, 1.5, 1e21, 1e-7, -0.0, 2**53, float("inf")])
)
EVENTS: Final = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda each: st.one_of(st.lists(each, max_size=3), st.dictionaries(NAMES, each, max_size=4).map(ordered)),
    ),
    max_size=5,
).map(ordered)
PATHS: Final = st.builds(
    "".join, st.lists(st.sampled_from(["$.", "a", "b", ".", "[0]", "['a b']", "10", "toString", "[", "]"]), max_size=5)
)
TEMPLATES: Final = st.builds(
    "".join,
    st.lists(st.sampled_from(["{{", "}}", "{{{", "}}}", "{{a}}", "{{{b}}}", "{{ a.b }}", "x", " "]), max_size=4),
)
LIQUIDS: Final = st.builds(
    "".join,
    st.lists(
        st.one_of(
            st.sampled_from(
                ["{% if a %}", "{% else %}", "{% endif %}", "{% for %}", "{{ a }}", "x", "{% assign c = a.b %}"]
            ),
            st.builds(
                "{{{{ {} | {}: {}, {} }}}}".format,
                st.sampled_from(["a", "b", "a.b", "1.5", '"x"', "(1..3)", "nil"]),
                st.sampled_from(["upcase", "plus", "divided_by", "slice", "round", "split", "date", "size", "nosuch"]),
                st.sampled_from(["a", "2", '"a"', "b"]),
                st.sampled_from(["a", "0", '""']),
            ),
            st.text(max_size=5),
        ),
        max_size=3,
    ),
)


def _members(**members: Any) -> Any:
    return st.fixed_dictionaries({}, optional=members)


def _directives(value: Any) -> Any:
    """Directives whose arguments are mostly sound."""
    texts = st.one_of(TEXTS, value)
    arguments = {
        "@path": st.one_of(PATHS, value),
        "@template": st.one_of(TEMPLATES, value),
        "@literal": value,
        "@if": _members(exists=value, blank=value, then=value, **{"else": value}),
        "@case": _members(operator=st.sampled_from(["lower", "upper", "x", ""]), value=texts),
        "@replace": _members(
            pattern=TEXTS, replacement=st.sampled_from(["", "$&", "$$", "$`x"]), value=texts, ignorecase=st.booleans(),
            pattern2=TEXTS, replacement2=TEXTS, **{"global": st.booleans()}
        ),
        "@arrayPath": st.lists(st.one_of(PATHS, value), max_size=2),
        "@json": _members(mode=st.sampled_from(["encode", "decode", "Encode"]), value=texts),
        "@flatten": _members(separator=st.sampled_from([".", "", "__"]), value=value, omitArrays=st.booleans()),
        "@merge": _members(direction=st.sampled_from(["left", "right", "Left"]), objects=st.lists(value, max_size=3)),
        "@transform": _members(apply=value, mapping=value),
        "@excludeWhenNull": value,
        "@liquid": LIQUIDS,
        "@oops": value,
    }  # fmt: skip
    return st.one_of(*(st.fixed_dictionaries({name: argument}) for name, argument in arguments.items()))


MAPPINGS: Final = st.recursive(
    st.one_of(SCALARS, st.fixed_dictionaries({"@path": PATHS})),
    lambda each: st.one_of(st.lists(each, max_size=3), st.dictionaries(NAMES, each, max_size=3), _directives(each)),
    max_leaves=12,
)
ROOTS: Final = st.dictionaries(st.one_of(NAMES, st.just("__segment_internal_directive")), MAPPINGS, max_size=5)


def _outcome(function: Any, *arguments: Any) -> Any:
    """The result as JSON text, or the error with all that it tells."""
    try:
        return stringify(function(*arguments))
    except kit.AggregateError as error:
        return [each.message for each in error.errors]
    except kit.MappingError as error:
        return error.name, error.message


@BOUNDED
@given(ROOTS, st.lists(st.one_of(EVENTS, EVENTS, SCALARS), min_size=1, max_size=3))
def test_compiled_and_interpreted_agree(mapping: Any, events: list[Any]) -> None:
    before = stringify([mapping, events])
    compiled = kit.compiled(mapping)
    for event in events:
        assert _outcome(compiled, event) == _outcome(kit.transform, mapping, event)
    assert _outcome(compiled.batch, events) == _outcome(kit.transform_batch, mapping, events)
    assert stringify([mapping, events]) == before


@BOUNDED
@given(MAPPINGS, EVENTS)
def test_any_mapping_is_compiled(mapping: Any, event: Any) -> None:
    inside = {"a": [mapping]}
    assert _outcome(kit.compiled(inside), event) == _outcome(kit.transform, inside, event)
    assert _outcome(kit.compiled(mapping), event) == _outcome(kit.transform, mapping, event)


@BOUNDED
@given(MAPPINGS, st.one_of(PATHS, st.text()), st.one_of(TEMPLATES, st.text()), EVENTS)
def test_only_errors_of_mappings_are_raised(mapping: Any, path: str, template: str, event: Any) -> None:
    _outcome(kit.validate, mapping)
    _outcome(kit.keys, mapping)
    assert isinstance(_outcome(kit.render, template, event), str | tuple)
    kit.get(event, path)
    assert isinstance(kit.flatten(event), dict)


@BOUNDED
@given(MAPPINGS, EVENTS)
def test_results_are_rebuilt(mapping: Any, event: Any) -> None:
    try:
        result = kit.compiled({"a": mapping})(event)
    except kit.MappingError:
        return
    assert UNDEFINED not in result.values()
    text = stringify(result)
    assert text is not None
    assert stringify(parse(text)) == text

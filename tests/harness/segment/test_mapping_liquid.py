"""What ``@liquid`` templates make of an event, and how they differ from what Segment's renderer would."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import pytest
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment.mapping import liquid, liquid_dates, liquid_filters, liquid_operators
from mockodp_harness.segment.mapping.liquid_filters import FILTERS
from mockodp_harness.segment.values import UNDEFINED, parse

EVENT: Final = parse(
    """{"type": "track", "event": "Order", "limit": 3, "properties": {"n": 1.5, "int": 7, "arr": [1, 2, {"x": "y"}],
    "list": ["b", "a", "c"], "obj": {"a": 1}, "html": "<b>&</b>", "nul": null, "zero": 0, "empty": "", "emptyarr": [],
    "date": "2024-03-01T18:11:27.649Z", "unix": 1709316687, "size": 9, "f": false, "emoji": "😀b",
    "people": [{"name": "Ann", "age": 2, "in": true}, {"name": "Bob", "age": 3}]}}"""
)


def _rendered(template: str, event: Any = EVENT) -> str:
    text = kit.transform({"a": {"@liquid": template}}, event)["a"]
    assert kit.compiled({"a": {"@liquid": template}})(event) == {"a": text}
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("filters", ["append 'x'", "upcase x", "times'2'", "oops 1", "append: 'x' | upcase y"])
@pytest.mark.parametrize(
    "template",
    ["{{{{ event | {} }}}}", "{{% assign a = event | {} %}}", "{{% if false %}}{{{{ event | {} }}}}{{% endif %}}"],
)
def test_arguments_without_a_colon_are_refused_as_segment_refuses_them(template: str, filters: str) -> None:
    name, message = _refused(template.format(filters))
    assert name == "TokenizationError"
    assert message.startswith('expected ":" after filter name, line:1, col:')


@pytest.mark.parametrize(
    ("template", "name", "message"),
    [
        ("{{ event, limit }}", "TokenizationError", 'expected "|" before filter, line:1, col:1'),
        ("{{ event | append: 'x' = }}", "TokenizationError", "unexpected character, line:1, col:1"),
        ("{{ event | append }}", "RenderError", "append expect 2 arguments, line:1, col:1"),
        ("{{ event | prepend: 'x', 'y' }}", "RenderError", "prepend expect 2 arguments, line:1, col:1"),
    ],
)
def test_other_slips_of_the_pen_are_refused_too(template: str, name: str, message: str) -> None:
    assert _refused(template) == (name, message)


def test_arguments_may_be_blank_or_missing() -> None:
    assert _rendered("{{ event | append: blank | append: empty | append: '!', }}{{ limit | plus: , 2 }}") == "Order!5"


def test_a_bar_at_the_end_says_nothing() -> None:
    assert _rendered("{{ event | }}{{ event | upcase | }}{% if event | %}!{% endif %}") == "OrderORDER!"


def _refused(template: str) -> tuple[str, str]:
    with pytest.raises(kit.MappingError) as refused:
        kit.transform({"a": {"@liquid": template}}, EVENT)
    return refused.value.name, refused.value.message


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("{{ properties.arr }}", "12[object Object]"),
        ("{{ properties.obj }}", "[object Object]"),
        ("{{ properties.missing }}{{ properties.nul }}{{ properties.toString }}", ""),
        ("{{ event.properties.n }}{{ now }}", ""),
        ("{{ 7 | divided_by: 2 }}", "3.5"),
        ("{{ 10 | divided_by: 3 }}", "3.3333333333333335"),
        ("{{ 0.1 | plus: 0.2 }}", "0.30000000000000004"),
        ("{{ 5 | divided_by: 0 }}", "Infinity"),
        ('{{ "abc" | plus: 1 }}', "1"),
        ('{{ "10" | times: "2" }}', "20"),
        ('{{ "12abc" | to_integer }}', "NaN"),
        ("{{ 4.5 | round }}", "5"),
        ("{{ 1.0 }}", "1"),
        ("{% if properties.zero %}yes{% endif %}", "yes"),
        ("{% if properties.empty %}yes{% endif %}", "yes"),
        ("{% if properties.nul %}yes{% else %}no{% endif %}", "no"),
        ("{% if properties.missing %}yes{% else %}no{% endif %}", "no"),
        ('{{ properties.int == "7" }} {{ "10" > 9 }}', "false true"),
        ('{{ "" | default: "e" }}{{ false | default: "f" }}{{ properties.emptyarr | default: "x" }}', "efx"),
        ('{{ properties.date | date: "%Y-%m-%d %H:%M:%S" }}', "2024-03-01 18:11:27"),
        ('{{ properties.unix | date: "%Y" }}', "2024"),
        ("{{ properties.date | date }}", "Friday, March 1, 2024 at 6:11 pm +0000"),
        ('{{ "oops" | date: "%Y" }}', "oops"),
        ("{{ type | nosuchfilter }}", "track"),
        ('{% cycle "a", "b" %}{% cycle "a", "b" %}', "ab"),
        ("{% block a %}x{% endblock %}", "x"),
        ("{% # comment %}x", "x"),
        ('{% assign r = (1..3) %}{{ r | join: "-" }}', "1-2-3"),
        ('{{ "a" | base64_encode }}', "YQ=="),
        ('{{ "a" | sha256 }}', "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ('{{ "a" | sample }}', "a"),
        ("{{ 1e3 }}", ""),
        ('{{ "a" "b" }}', "a"),
        ("{{ not true }}", "false"),
        ("{{ properties.html }}", "<b>&</b>"),
    ],
)
def test_what_is_known_of_templates(template: str, expected: str) -> None:
    assert _rendered(template) == expected


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ $.type }}", "TokenizationError"),
        ("{{ }}", "TokenizationError"),
        ("{{ unclosed", "TokenizationError"),
        ("{% nosuch %}", "ParseError"),
        ("{% if type %}", "ParseError"),
        ("{% if %}{% endif %}", "TokenizationError"),
        ("{% break %}", "RenderError"),
        ("{% if true %}" * 40 + "{% endif %}" * 40, "ParseError"),
    ],
)
def test_templates_that_cannot_be_used(template: str, name: str) -> None:
    assert _refused(template)[0] == name


@pytest.mark.parametrize("name", liquid.DISABLED_TAGS)
def test_disabled_tags(name: str) -> None:
    assert _refused(f"{{% {name} %}}") == ("ParseError", f'tag "{name}" is disabled, line:1, col:1')


@pytest.mark.parametrize("name", liquid.DISABLED_FILTERS)
def test_disabled_filters(name: str) -> None:
    assert _refused(f"{{{{ type | {name} }}}}") == ("RenderError", f'filter "{name}" is disabled, line:1, col:1')
    assert _rendered(f"{{% if nothing %}}{{{{ type | {name} }}}}{{% endif %}}") == ""


def test_faults_are_placed_by_line_and_code_unit() -> None:
    assert _refused('a\n😀 {{ "b" | sort }}')[1] == 'filter "sort" is disabled, line:2, col:4'


def test_templates_are_limited_to_a_thousand_code_units() -> None:
    assert _rendered("😀" * 500) == "😀" * 500
    assert _refused("😀" * 500 + "a") == ("Error", "liquid template values are limited to 1000 characters")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ properties.arr.size }}{{ properties.size }}{{ type.size }}{{ properties.obj.size }}", "3951"),
        ("{{ properties.arr.first }}{{ properties.list.last }}{{ properties.arr[-1].x }}{{ type.first }}", "1cy"),
        ('{{ properties["n"] }}{{ properties.list[1] }}{{ properties.list.0 }}{{ properties.list[9] }}', "1.5ab"),
        ("{{ properties.arr.length }}{{ type.length }}{{ type[0] }}{{ properties.n.x }}{{ properties.nul.x }}", "35t"),
        ("{{ limit }}{{ properties.people[0].in }}{{ properties.list[-9] }}{{ properties.empty }}", "3true"),
        ('{% assign k = "n" %}{{ properties[k] }}', "1.5"),
        ("{% assign x = 5 | plus: 1 %}{{ x }}{% capture y %}q{{ x }}{% endcapture %}{{ y }}", "6q6"),
        ("{% increment a %}{% increment a %}{% echo type | upcase %}{% raw %}{{ x }}{% endraw %}", "01TRACK{{ x }}"),
        ("{% unless properties.f %}a{% endunless %} {%- if true -%} b {%- endif -%} c", "abc"),
        ("{% if properties.emptyarr == empty %}1{% endif %}{% if properties.empty == blank %}2{% endif %}", "12"),
        (
            "{{ properties.nul == nil }}{{ properties.missing == null }}{{ 1 == true }}{{ true != true }}",
            "truetruefalsefalse",
        ),
        ("{{ properties.list == properties.list }}{{ properties.obj == properties.people[0] }}", "truefalse"),
        (
            "{{ 1 < 2 }}{{ 2 <= 2 }}{{ 'b' > 'a' }}{{ 'a' >= 'b' }}{{ properties.missing < 1 }}",
            "truetruetruefalsefalse",
        ),
        ('{{ type contains "ra" }}{{ properties.list contains "a" }}{{ properties.int contains 7 }}', "truetruefalse"),
        ("{{ true and false }}{{ true or false }}{{ empty }}{{ (1..3) }}", "falsetrue123"),
    ],
)
def test_members_tags_and_operators(template: str, expected: str) -> None:
    assert _rendered(template) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5 | minus: 2 | times: 3 | modulo: 4", "1"),
        ("-7 | modulo: 3", "-1"),
        ("7 | modulo: 0", "NaN"),
        ("0 | divided_by: 0", "NaN"),
        ("-1 | divided_by: 0", "-Infinity"),
        ("7 | divided_by: 2, true", "3"),
        ("4 | at_least: 5 | at_most: 4.5", "4.5"),
        ("-1.2 | abs | ceil", "2"),
        ("-1.2 | floor", "-2"),
        ("1 | divided_by: 0 | floor", "Infinity"),
        ("3.14159 | round: 2", "3.14"),
        ('"x" | append: "y" | prepend: "w" | upcase | downcase | capitalize', "Wxy"),
        ('"  x " | strip | append: "|"', "x|"),
        ('"  x " | lstrip | rstrip | append: "|"', "x|"),
        ('"xxax" | strip: "x"', "a"),
        ('"aXbX" | replace: "X", "-"', "a-b-"),
        ('"aXbX" | replace_first: "X", "-"', "a-bX"),
        ('"aXbX" | replace_last: "X", "-"', "aXb-"),
        ('"aXbX" | replace_last: "Y", "-"', "aXbX"),
        ('"aXbX" | remove: "X"', "ab"),
        ('"aXbX" | remove_first: "X"', "abX"),
        ('"aXbX" | remove_last: "X"', "aXb"),
        ('"one two three" | truncate: 6', "one..."),
        ('"one two three" | truncate: 20', "one two three"),
        ('"one two three" | truncatewords: 2, "!"', "one two!"),
        ('"a,b,," | split: "," | size', "2"),
        ('"ab" | split: "" | join: "-"', "a-b"),
        ('"a b&c" | url_encode', "a+b%26c"),
        ('"a+b%26" | url_decode', "a b&"),
        ('"YQ==" | base64_decode', "a"),
        ('"<a>&amp;" | escape', "&lt;a&gt;&amp;amp;"),
        ('"<a>&amp;" | escape_once', "&lt;a&gt;&amp;"),
        ('"<a>x</a>" | strip_html', "x"),
        ('properties.list | json', '["b","a","c"]'),
        ("properties.missing | json", ""),
        ('properties.obj | inspect: 1', '{\n "a": 1\n}'),
        ("properties.list | first", "b"),
        ("properties.list | last", "c"),
        ("type | first", "t"),
        ("type | last", "k"),
        ("properties.emptyarr | first", ""),
        ("properties.emoji | size", "3"),
        ("properties.obj | size", "0"),
        ("properties.list | slice: 1, 2 | join", "a c"),
        ("properties.list | slice: -1", "c"),
        ('"hello" | slice: -3, 2', "ll"),
        ('properties.people | where: "name", "Ann" | size', "1"),
        ('properties.people | where: "in" | size', "1"),
        ('properties.people | sum: "age"', "5"),
        ('properties.list | push: "d" | pop | shift | unshift: "x" | join: ""', "xac"),
        ("properties.list | compact | size", "3"),
        ("properties.list | sample: 9 | size", "3"),
        ("properties.emptyarr | sample", ""),
        ("properties.obj | join", "[object Object]"),
        ("properties.int | join", "7"),
        ("properties.f | default: 1, allow_false: true", "false"),
        ("properties.int | default: 1", "7"),
        ("type | raw | strip_newlines", "track"),
        ("type | upcase: 1, 2", "TRACK"),
        ("type | truncate: properties.missing", "track"),
    ],
)  # fmt: skip
def test_filters(expression: str, expected: str) -> None:
    assert _rendered(f"{{{{ {expression} }}}}") == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ (1..99999999999) | size }}",
        "{{ (1..9) | join: type }}{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 24,
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 14 + "{{ a | replace: 'a', a }}",
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 14 + "{{ (1..999) | join: a }}",
    ],
)
def test_templates_that_make_too_much_are_stopped(template: str) -> None:
    assert _refused(template) == ("RenderError", "memory alloc limit exceeded, line:1, col:1")


def test_a_filter_that_fails_fails_the_template() -> None:
    assert _refused('{{ "%FF" | url_decode }}')[0] == "RenderError"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%a %A %b %B %h %C", "Fri Friday Mar March Mar 20"),
        ("%d %D %e %F %H %I %j", "01 03/01/24  1 2024-03-01 18 06 061"),
        ("%k|%l|%L|%m|%M|%N", "18| 6|649|03|11|649000000"),
        ("%p %P %q %R %s %S %T", "PM pm st 18:11 1709316687 27 18:11:27"),
        ("%u %w %y %Y %z %Z %% %-d %-l", "5 5 24 2024 +0000 UTC % 1 6"),
        ("%n%t%Q", "\n\t%Q"),
    ],
)
def test_forms_of_dates(form: str, expected: str) -> None:
    assert liquid_dates.date("2024-03-01T18:11:27.649Z", form) == expected


@pytest.mark.parametrize("value", ["2024-13-01", 1e300, float("nan"), None, True, [], "9" * 30])
def test_what_is_no_date_stays(value: Any) -> None:
    assert liquid_dates.date(value, "%Y") is value


def test_dates_without_a_zone_are_utc() -> None:
    assert liquid_dates.date("2024-03-01T01:00:00", "%H %z") == "01 +0000"
    assert liquid_dates.date("2024-03-01T01:00:00+02:00", "%d") == "29"
    assert liquid_dates.date("0", "%Y-%m-%d") == "1970-01-01"
    assert liquid_dates.date("now", "%Z") == "UTC"


def test_missing_values_are_compared_as_nothing() -> None:
    assert liquid_operators.own_member(UNDEFINED, "x") is UNDEFINED
    assert liquid_filters.stringified([None, UNDEFINED, [1, True]]) == "1true"


def test_a_filter_is_defined_once() -> None:
    with pytest.raises(ValueError, match="upcase"):
        liquid_filters._filter("upcase")(lambda value: value)


def test_no_filter_is_both_enabled_and_disabled() -> None:
    assert not set(FILTERS) & set(liquid.DISABLED_FILTERS)


def test_differences_are_sentences() -> None:
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in liquid.DIFFERENCES)


def test_items_of_arrays_may_be_events_of_templates() -> None:
    mapping = {"@arrayPath": ["$.list", {"x": {"@liquid": "{{ a }}!"}}]}
    assert kit.transform(mapping, {"list": [{"a": 1}, None, "text"]}) == [{"x": "1!"}, {"x": "!"}, {"x": "!"}]


def test_the_library_is_loaded_with_the_first_template() -> None:
    program = (
        "import sys; from mockodp_harness.segment import mapping; "
        "assert 'liquid' not in sys.modules and 'babel' not in sys.modules; "
        "mapping.transform({'a': {'@liquid': 'x'}}, {}); assert 'liquid' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

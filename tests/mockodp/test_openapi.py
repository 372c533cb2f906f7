"""The OpenAPI description is valid, names every call there is and no other, and every answer is one it allows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.routing import Route

from mockodp import Client, running
from mockodp.control import control_app
from mockodp.errors import QueryError
from mockodp.faults.armoury import Armoury
from mockodp.faults.clock import Clocks
from mockodp.faults.schema import CLOCK, FAULT
from mockodp.openapi import COUNT, DURATION, description
from mockodp.parameters import is_jsonpath
from mockodp.routes import ROUTES
from mockodp.verification import item_test
from tests.mockodp.wire import KEY

CASES: Final = int(os.environ.get("CASES", "15"))
CONTROL: Final = {path: calls for path, calls in description()["paths"].items() if path.startswith("/_mock")}
TOKEN: Final = "t0ken-of-this-mock"
NOBODY: Final = "nobody-of-these-tests"
METHODS: Final = {"get", "post", "delete"}

schemathesis.openapi.format(
    "jsonpath",
    st.sampled_from(
        ["$", "$.type", "$.identifiers.email", "$..sku", "$.lines[0]", "$.lines[?@.price > 1]", "$['a b']"]
    ),
)


# -- the document -------------------------------------------------------------------------------------------------


def test_the_description_is_openapi_3_1() -> None:
    assert description()["openapi"].startswith("3.1")
    errors = jsonschema_rs.validator_for(OPENAPI_31).iter_errors(description())
    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema in the description."""
    if isinstance(value, dict):
        yield from (member for name, member in value.items() if name == "schema" and "$ref" not in value)
        for member in value.values():
            yield from schemas(member)
    elif isinstance(value, list):
        for member in value:
            yield from schemas(member)


def test_every_schema_in_it_is_json_schema() -> None:
    found = [*schemas(description()["paths"]), *description()["components"]["schemas"].values()]
    assert len(found) > 50
    for schema in found:
        jsonschema_rs.meta.validate(schema)


def test_every_operation_has_a_name_of_its_own_and_says_what_may_go_wrong() -> None:
    operations = [call for calls in description()["paths"].values() for name, call in calls.items() if name in METHODS]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    for operation in operations:
        answers = operation["responses"]
        assert ("401" in answers) is (operation.get("security") != [])
        assert not ("requestBody" in operation and {"400", "413", "415"} - answers.keys()), operation["operationId"]
        assert all(answer["description"] for answer in answers.values())


def test_every_control_call_is_described_and_every_description_is_a_call() -> None:
    with running(tls_port=-1) as mock:
        app = control_app(_ServerOf(mock))  # type: ignore[arg-type]
    described = {(path, method.upper()) for path, calls in CONTROL.items() for method in calls if method in METHODS}
    routed = {
        (route.path, method)
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"  # comes with each GET
    }
    assert routed == described


class _ServerOf:
    """As much of a mock as it takes to build its control API."""

    def __init__(self, mock: Client) -> None:
        from mockodp.settings import Settings

        self.token = mock.token
        self.journal = None
        self.armoury = None
        self.clocks = None
        self.keyring = None
        self.settings = Settings()


def test_every_emulated_endpoint_is_described_below_each_prefix() -> None:
    paths = set(description()["paths"]) - set(CONTROL)
    assert paths == {prefix + route.path for prefix in ("", "/us", "/eu", "/au") for route in ROUTES}


# -- its truth ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mock() -> Iterator[Client]:
    with running(tls_port=-1, token=TOKEN) as mock:
        yield mock


def loaded(**more: Any) -> Any:
    """The description with what it takes to call the mock: a test key and the token, each where it belongs."""
    config = schemathesis.Config.from_dict(
        {
            "auth": {"openapi": {"token": {"bearer": TOKEN}, "key": {"bearer": KEY}}},
            "checks": {
                # too many items and too many bytes are refused with 413, which is not in the list by default
                "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "413", "415"]},
            },
            **more,
        }
    )
    schema = schemathesis.openapi.from_dict(description(), config=config)
    # the stream never ends, so that who waits for the whole answer waits for ever: test_stream.py reads it
    return schema.exclude(operation_id="stream")


schema = loaded()


@schema.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(mock: Client, case: Any) -> None:
    _within_reason(case)
    case.call_and_validate(base_url=mock.url)


def _within_reason(case: Any) -> None:
    """
    Change what a verification asks for where no schema can say that it is wrong, or where it would wait.

    A count of at least 2 and at most 1 and a schema that is none are refused: test_control.py. An hour is a valid time.
    """
    if case.operation.label == "POST /_mock/faults":
        case.body = _armable(case.body)
    if case.operation.label == "POST /_mock/clock" and isinstance(case.body, dict) and is_valid(CLOCK, case.body):
        case.body = {"account": case.body["account"], "freeze": True}
    if case.operation.label != "POST /_mock/verify" or not isinstance(case.body, dict):
        return
    body: Any = case.body
    body |= {name: 1 for name in ("within", "quiet") if body.get(name) and is_valid(DURATION, body[name])}
    listed = body.get("expectations")
    for expectation in (body, *(listed if isinstance(listed, list) else ())):
        if not isinstance(expectation, dict):
            continue
        count = expectation.get("count")
        if (
            is_valid(COUNT, count)
            and isinstance(count, dict)
            and count.get("at_least", 0) > count.get("at_most", 10**6)
        ):
            expectation["count"] = {"at_least": count["at_most"], "at_most": count["at_least"]}
        if isinstance(expectation.get("schema"), dict):
            expectation["schema"] = {"type": "object"}


def _armable(body: Any) -> Any:
    """
    Faults that can be armed where their shape is right, and that fall on no request of other tests.

    What contradicts itself, and what can meet nothing, has a right shape and is refused: test_fault_reading.py.
    """
    if isinstance(body, list):
        return [_armable(each) for each in body]
    if not isinstance(body, dict) or not is_valid(FAULT, body):
        return body
    body = {**body, "account": NOBODY}
    try:
        Armoury(Clocks(), item_test).arm([body])
    except QueryError:
        return {"account": NOBODY, "effect": {"status": 503}}
    return body


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    return jsonschema_rs.is_valid(schema, value)


def test_calls_that_follow_from_each_other_are_as_described(mock: Client) -> None:
    # only the links that the description names: guessed ones take the name asked for, which a region adds to
    phases: dict[str, Any] = {"stateful": {"inference": {"algorithms": []}}}

    class Calls(loaded(phases=phases, **{"base-url": mock.url}).as_state_machine()):  # type: ignore[misc]
        """Calls one after the other, with what one answered going into the next."""

        def before_call(self, case: Any) -> None:
            _within_reason(case)

    Calls.run(
        settings=settings(
            max_examples=CASES,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        )
    )


def test_the_format_of_a_jsonpath_is_the_readers() -> None:
    assert is_jsonpath("$.lines[?@.price > 1]")
    assert not is_jsonpath("$[")

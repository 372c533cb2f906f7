"""The road of a request: who may enter, what is refused with which words, and what the record keeps."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockodp.errors import (
    BodyIncomplete,
    ContractBroken,
    ForeignKey,
    MethodNotAllowed,
    Refusal,
    SettingsError,
    TooLarge,
    Unauthorized,
    Undecodable,
    UnknownPath,
    UnsupportedMedia,
    WrongRegion,
)
from mockodp.ingest import Ingest, Judged
from mockodp.keys import Account, Keyring, admit
from mockodp.records import Received, RecordIds
from mockodp.regions import Region, locate
from mockodp.settings import Settings
from tests.mockodp.records import a_request

ORDER = {
    "user_identifiers": {"email": "ada@example.test"},
    "type": "order",
    "action": "purchase",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "order_id": "O-1",
}


def judged(received: Received, settings: Settings | None = None, keyring: Keyring | None = None) -> Judged:
    return Ingest(settings or Settings(), keyring or Keyring(), RecordIds())(received, 0)


def test_a_good_write_is_answered_201_and_recorded_whole() -> None:
    request = a_request([ORDER, ORDER], region=Region.EU)
    outcome = judged(request)
    record = outcome.record
    assert record is not None
    assert (outcome.answer.status, outcome.answer.body) == (201, b"{}")
    assert (record.account, record.region, record.endpoint, record.items) == ("shop", "eu", "batch_custom_event", 2)
    assert record.body == request.body
    assert record.parsed_items() == [ORDER, ORDER]


def test_a_passed_authentication_test_is_answered_200_and_recorded() -> None:
    outcome = judged(a_request(path="/twilio_segment/auth"))
    assert (outcome.answer.status, outcome.answer.body) == (200, b"{}")
    assert outcome.record is not None
    assert (outcome.record.endpoint, outcome.record.items) == ("auth", None)


def test_the_answers_of_success_are_settings() -> None:
    settings = Settings(write_status=202, write_answer='{"ok":1}', auth_status=204, auth_answer="null")
    assert judged(a_request([ORDER]), settings).answer.status == 202
    assert judged(a_request([ORDER]), settings).answer.body == b'{"ok":1}'
    assert judged(a_request(path="/twilio_segment/auth"), settings).answer.status == 204


@pytest.mark.parametrize(
    ("received", "kind", "status", "words"),
    [
        (a_request(b"{"), Undecodable, 400, "Body is not JSON"),
        (a_request(b""), Undecodable, 400, "Body is empty"),
        (a_request(b'{"a":1}'), Undecodable, 400, "Body is an object, expected an array of objects."),
        (a_request([ORDER, 7, "x"]), Undecodable, 400, "2 of 3 items are not objects."),
        (a_request([ORDER], region=Region.EU, key="odp_test_shop-au1"), WrongRegion, 401, "bound to region 'au'"),
        (a_request([{}] * 501), TooLarge, 413, "Batch has 501 items, the limit is 500."),
        (a_request(b"[", over_limit=True, announced=99), TooLarge, 413, "over the limit"),
        (a_request(b"[", broken_off="nothing came"), BodyIncomplete, 408, "broke off after 1 bytes: nothing came."),
        (a_request([ORDER], path="/nowhere"), UnknownPath, 404, "/twilio_segment/batch_upsert_contact"),
        (a_request([ORDER], method="GET"), MethodNotAllowed, 405, "takes POST, not GET"),
        (a_request([ORDER], headers=((b"content-encoding", b"br"),)), UnsupportedMedia, 415, "'br', expected gzip"),
    ],
)
def test_refusals_are_recorded_with_their_reason(
    received: Received, kind: type[Refusal], status: int, words: str
) -> None:
    outcome = judged(received)
    answer = orjson.loads(outcome.answer.body)
    assert type(outcome.refusal) is kind
    assert words in answer["detail"]["message"]
    assert answer["status"] == outcome.answer.status == status
    assert outcome.record is not None
    assert outcome.record.refusal is not None
    assert outcome.record.refusal["code"] == kind.code
    assert outcome.record.body == received.body
    assert outcome.record.parsed_items() == []


def test_every_item_that_is_no_object_is_named_with_its_index() -> None:
    outcome = judged(a_request([1, ORDER, None, [], "x", True]))
    invalids = orjson.loads(outcome.answer.body)["detail"]["invalids"]
    assert invalids == [
        {"event": 0, "message": "Item 0 is a number, expected an object."},
        {"event": 2, "message": "Item 2 is null, expected an object."},
        {"event": 3, "message": "Item 3 is an array, expected an object."},
        {"event": 4, "message": "Item 4 is a string, expected an object."},
        {"event": 5, "message": "Item 5 is a boolean, expected an object."},
    ]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (
            [],
            "1 violation of the contract envelopes/batch_custom_event, which --strict refuses: (document): expected at",
        ),
        (
            [ORDER, {}],
            "3 violations of the contract envelopes/batch_custom_event, which --strict refuses: /1/timestamp",
        ),
    ],
)
def test_strict_refuses_what_breaks_its_contract(items: list[Any], words: str) -> None:
    assert judged(a_request(items)).answer.status == 201
    strict = judged(a_request(items), Settings(strict=True))
    assert type(strict.refusal) is ContractBroken
    assert words in str(strict.refusal)
    assert judged(a_request([ORDER]), Settings(strict=True)).answer.status == 201


def test_a_strict_refusal_names_each_violation_with_its_item() -> None:
    outcome = judged(a_request([ORDER, {**ORDER, "total": 27.5, "currency": "EUR"}]), Settings(strict=True))
    assert orjson.loads(outcome.answer.body)["detail"]["invalids"] == [
        {
            "event": 1,
            "message": '/1/currency: expected no member "currency", was "EUR" [unknown-member]',
            "rule": "unknown-member",
            "pointer": "/1/currency",
        },
        {
            "event": 1,
            "message": "/1/total: expected a text, was 27.5 [wrong-type]",
            "rule": "wrong-type",
            "pointer": "/1/total",
        },
    ]
    assert outcome.record is not None
    assert (outcome.record.verdict, outcome.record.parsed_items()) == ("fail", [])


def test_a_key_in_the_wrong_region_is_a_residency_finding_on_record() -> None:
    record = judged(a_request([ORDER], region=Region.US, key="odp_test_shop-eu1")).record
    assert record is not None
    assert record.account == "shop-eu1"
    assert record.refusal is not None
    assert record.refusal["finding"] == "residency"


@pytest.mark.parametrize(
    ("key", "kind", "words"),
    [
        (None, Unauthorized, "Header 'authorization' is missing, expected 'Bearer KEY'."),
        ("W4WzcEs-ABgXorzY7h1LCQ", ForeignKey, "does not begin with the test prefix 'odp_test_'"),
        ("odp_test_", Unauthorized, "What follows 'odp_test_' in the key must be"),
        ("odp_test_a/b", Unauthorized, "What follows 'odp_test_' in the key must be"),
    ],
)
def test_without_a_test_key_nothing_is_recorded(key: str | None, kind: type[Refusal], words: str) -> None:
    outcome = judged(a_request([ORDER], key=key))
    assert type(outcome.refusal) is kind
    assert outcome.answer.status == 401
    assert outcome.record is None
    assert words in outcome.answer.body.decode()
    assert key is None or key not in outcome.answer.body.decode() or key == "odp_test_"


def test_a_stray_call_without_a_key_learns_what_is_here() -> None:
    outcome = judged(a_request(path="/", method="GET", key=None))
    assert outcome.answer.status == 404
    assert "/twilio_segment/auth" in orjson.loads(outcome.answer.body)["detail"]["known_paths"]


def test_secret_headers_and_the_query_are_masked_in_the_record() -> None:
    headers = ((b"x-api-key", b"abc.def"), (b"cookie", b"sid=1"), (b"x-trace", b"t1"))
    record = judged(a_request([ORDER], headers=headers, query="apikey=s3cret&flag")).record
    assert record is not None
    kept = dict(orjson.loads(record.headers))
    assert kept["authorization"] == "Bearer ****"
    assert (kept["x-api-key"], kept["cookie"], kept["x-trace"]) == ("****", "****", "t1")
    assert record.path.endswith("?apikey=****&****")


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("odp_test_checkout", Account("checkout", None)),
        ("odp_test_checkout-eu1", Account("checkout-eu1", Region.EU)),
        ("odp_test_checkout-au1", Account("checkout-au1", Region.AU)),
        ("odp_test_checkout-us1", Account("checkout-us1", Region.US)),
        ("odp_test_checkout-eu2", Account("checkout-eu2", None)),
    ],
)
def test_a_key_opens_its_own_account_and_its_suffix_binds_it(key: str, account: Account) -> None:
    keyring = Keyring()
    assert keyring.account(f"Bearer {key}") == account
    assert keyring.account(f"bearer  {key}") == account
    assert keyring.key_for(account.name) == key


def test_further_keys_are_admitted_by_name_with_their_value_in_the_environment() -> None:
    admitted = admit(("fixed", "shop:eu"), {"MOCKODP_KEY_SHOP": "W4WzcEs-ABgXorzY7h1LCQ"})
    keyring = Keyring(admitted=admitted)
    assert keyring.account("Bearer fixed") == Account("fixed", None)
    assert keyring.account("Bearer W4WzcEs-ABgXorzY7h1LCQ") == Account("shop", Region.EU)
    assert "W4WzcEs" not in repr(keyring)
    with pytest.raises(ForeignKey):
        keyring.account("Bearer shop")


@pytest.mark.parametrize(("entry", "words"), [("a b", "the name must be"), ("shop:mars", "'mars' is not a region")])
def test_a_key_that_cannot_be_admitted_is_refused_at_start(entry: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        admit((entry,), {})


def test_fingerprints_tell_keys_apart_within_one_run_only() -> None:
    one, other = Keyring(), Keyring()
    assert one.fingerprint("a") == one.fingerprint("a") != one.fingerprint("b")
    assert one.fingerprint("a") != other.fingerprint("a")


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("function.zaius.app", "/x", (Region.US, "/x")),
        ("function.eu1.ocp.optimizely.com", "/x", (Region.EU, "/x")),
        ("function.eu1.ocp.optimizely.com.", "/x", (Region.EU, "/x")),
        ("FUNCTION.AU1.OCP.optimizely.com:443", "/x", (Region.AU, "/x")),
        ("api.zaius.com", "/x", (Region.US, "/x")),
        ("api.us1.odp.optimizely.com", "/x", (Region.US, "/x")),
        ("api.eu1.odp.optimizely.com", "/x", (Region.EU, "/x")),
        ("api.au1.odp.optimizely.com:8443", "/us/x", (Region.AU, "/us/x")),
        ("127.0.0.1:8090", "/eu/x", (Region.EU, "/x")),
        ("127.0.0.1:8090", "/au/twilio_segment/auth", (Region.AU, "/twilio_segment/auth")),
        ("localhost", "/us/x", (Region.US, "/x")),
        ("[::1]:8090", "/x", (Region.US, "/x")),
        ("localhost", "/europe/x", (Region.US, "/europe/x")),
        ("", "/eu", (Region.EU, "/")),
    ],
)
def test_the_region_is_where_a_request_arrives(host: str, path: str, found: tuple[Any, str]) -> None:
    assert locate(host, path) == found

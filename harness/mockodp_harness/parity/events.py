"""Source events of all types, ordinary and odd."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from mockodp_harness.parity import odd
from mockodp_harness.parity.trees import Number, Tree

Make = Callable[[Random], Tree]

EVENT_NAMES: Final = (
    "Product Viewed", "Product Added", "Product Removed", "Order Completed", "Email Sent", "Email Link Clicked",
    "Email Opened", "Unsubscribed", "Email Marked as Spam",
)  # fmt: skip
TIMESTAMP: Final = "2024-03-01T18:11:27.649Z"
ODD_SHARE: Final = 0.07


def _mostly(*usual: Tree) -> Make:
    """A value as the tracking plan says, and at times any other."""
    return lambda rng: odd.value(rng) if odd.chance(rng, ODD_SHARE) else rng.choice(usual)


def _typed(kind: Make) -> Make:
    return lambda rng: odd.value(rng) if odd.chance(rng, ODD_SHARE) else kind(rng)


def _product(rng: Random) -> Tree:
    if odd.chance(rng, ODD_SHARE):
        return odd.value(rng, 1)
    members = {
        "product_id": _mostly("P-1", "P-2", Number("7"), "", None),
        "quantity": _mostly(Number("1"), Number("2.0"), "3", None),
        "sku": _mostly("S"), "name": _mostly("Boots"), "price": _typed(odd.number), "10": Number("1"),
    }  # fmt: skip
    return odd.some(rng, members, 0.6)


def _products(rng: Random) -> Tree:
    if odd.chance(rng, ODD_SHARE):
        return odd.value(rng)
    return [_product(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]


def properties(rng: Random) -> Tree:
    members = {
        "email": _mostly("ada@example.test", "ada@example.test", ""), "optimizely_vuid": _mostly("vuid-1", ""),
        "products": _products, "order_id": _mostly("O-1", Number("1001"), ""), "total": _typed(odd.number),
        "campaign_name": _mostly("Spring", "Spring", "Spring", ""), "campaign_id": _mostly("C-1", Number("5")),
        "link_url": _mostly("https://example.test/", ""), "name": _mostly("Nike Shoes", "nike"),
        "price": _typed(odd.number),
        "flag": _mostly(True, False), "nul": _mostly(None), "zero": _mostly(Number("0")), "empty": _mostly(""),
        "arr": lambda rng: odd.value(rng, 3), "obj": _object, "s": odd.text, "date": odd.date, "more": odd.value,
    }  # fmt: skip
    made = odd.some(rng, members, 0.5)
    if odd.chance(rng, 0.15):
        made[odd.name(rng)] = odd.value(rng)
    return made


def _object(rng: Random) -> Tree:
    return {odd.name(rng): odd.value(rng, 1) for _ in range(rng.randint(0, 4))}


def traits(rng: Random) -> Tree:
    text = _typed(odd.text)
    members = {
        "email": _mostly("ada@example.test", ""), "company": _mostly("Acme", {"name": "Acme"}),
        "title": _mostly("Dr", ""),
        "name": _mostly("Ada", ""), "first_name": text, "last_name": text, "gender": _mostly("f", ""),
        "birthday": _typed(odd.date), "phone": _typed(odd.number), "age": _mostly(Number("36"), "36", Number("36.5")),
        "address": _address, "avatar": text, "vip": _mostly(True, False), "dob_year": odd.scalar, "dob_day": odd.scalar,
        "user_identifiers": odd.value, "image_url": odd.value, "optimizely_vuid": _mostly("vuid-2"),
        "7": odd.scalar, "score": _typed(odd.number),
    }  # fmt: skip
    return odd.some(rng, members, 0.4)


def _address(rng: Random) -> Tree:
    if odd.chance(rng, 0.15):
        return odd.value(rng)
    text = _mostly("s", "", "é", Number("12345"), None)
    return odd.some(rng, dict.fromkeys(("street", "city", "state", "postalCode", "country", "zip"), text), 0.7)


def _context(rng: Random) -> Tree:
    members = {
        "traits": traits, "ip": _mostly("8.8.8.8"), "locale": _mostly("en-US", "de"), "page": odd.value,
        "personas": lambda _: {"computation_class": "audience", "computation_key": "vip"},
        "active": _mostly(True, False),
    }  # fmt: skip
    return odd.some(rng, members, 0.5)


def event(rng: Random) -> Tree:
    """An event; now and then with any value where a member is expected."""
    kind = _mostly(
        "track", "track", "track", "track", "identify", "identify", "identify", "page", "screen", "group", "alias"
    )(rng)
    made = {"type": kind, "event": _mostly(*EVENT_NAMES)(rng)}
    made["timestamp"] = TIMESTAMP if odd.chance(rng, 0.9) else odd.scalar(rng)
    members = {
        "userId": _mostly("u1", "u1", "u1", "", None, Number("5")), "anonymousId": _mostly("a1", ""),
        "properties": _typed(properties), "traits": _typed(traits), "context": _typed(_context),
        "name": _mostly("Home"), "messageId": _mostly("m-1"), "integrations": _mostly({"All": True}),
    }  # fmt: skip
    made |= odd.some(rng, members, 0.8)
    if odd.chance(rng, 0.1):
        made.pop(rng.choice(list(made)))
    if odd.chance(rng, 0.05):
        made[odd.name(rng)] = odd.value(rng)
    return made


def fitting(rng: Random) -> Tree:
    """An event that an action's default mapping makes a valid payload of, unless one member spoils it."""
    kind = rng.choice(("track", "track", "identify"))
    text = rng.choice(("ada@example.test", "", "é😀", " "))
    held = {
        "email": text, "order_id": odd.text(rng), "total": odd.number(rng), "campaign_name": "Spring",
        "products": [{"product_id": odd.text(rng), "quantity": Number("2")} for _ in range(rng.randint(0, 3))],
        "link_url": odd.text(rng), odd.name(rng): odd.value(rng),
    }  # fmt: skip
    about = odd.some(rng, {
        "first_name": odd.text, "title": odd.text, "age": Number("36"), "birthday": "1990-01-01", "company": "Acme",
        "address": {"street": odd.text(rng), "city": None}, "phone": odd.number, "avatar": odd.text,
        odd.name(rng): odd.value,
    }, 0.6)  # fmt: skip
    made = {"type": kind, "event": rng.choice(EVENT_NAMES), "userId": "u1", "anonymousId": "a1", "timestamp": TIMESTAMP,
            "properties": held, "traits": about, "context": {"traits": {"email": text}}}  # fmt: skip
    if odd.chance(rng, 0.3):
        holder = rng.choice((made, held, about))
        if holder:
            holder[rng.choice(list(holder))] = odd.value(rng)
    return made


def source(rng: Random) -> Tree:
    """Either kind of event."""
    return (event if odd.chance(rng, 0.5) else fitting)(rng)

"""Segment events as a web shop's sources send them, made from fixed seeds: about 1.3 KB of JSON text each."""

from __future__ import annotations

import random
import uuid
from typing import Any

import orjson


def texts(kind: str, count: int, seed: int = 7) -> list[bytes]:
    """The JSON texts of *count* events: ``Order Completed``, ``Product Added`` or ``identify``."""
    chance = random.Random(seed)
    return [orjson.dumps(_event(kind, chance)) for _ in range(count)]


def batches(events: list[bytes], size: int = 100) -> list[bytes]:
    """The same events as JSON arrays of *size* each."""
    return [b"[" + b",".join(events[start : start + size]) + b"]" for start in range(0, len(events), size)]


def _event(kind: str, chance: random.Random) -> dict[str, Any]:
    user = f"user-{chance.randrange(10**6):06}"
    time = f"2025-11-{chance.randrange(1, 30):02}T10:{chance.randrange(60):02}:{chance.randrange(60):02}.000Z"
    email = f"{user}@shop.example.test"
    is_identify = kind == "identify"
    return {
        "anonymousId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "channel": "client",
        "context": _context(chance, email),
        "event": None if is_identify else kind,
        "integrations": {},
        "messageId": f"ajs-next-{chance.getrandbits(128):032x}",
        "originalTimestamp": time,
        "receivedAt": time,
        "sentAt": time,
        "timestamp": time,
        "type": "identify" if is_identify else "track",
        "userId": user,
        **({"traits": _traits(chance, email)} if is_identify else {"properties": _properties(kind, chance, email)}),
    }


def _context(chance: random.Random, email: str) -> dict[str, Any]:
    return {
        "ip": f"203.0.113.{chance.randrange(256)}",
        "library": {"name": "analytics.js", "version": "next-1.70.0"},
        "locale": "en-GB",
        "page": {
            "path": "/wool/jumpers",
            "referrer": "https://search.example.test/",
            "search": f"?utm_campaign=autumn-{chance.randrange(10**6)}",
            "title": "Wool jumpers: “warm” for twenty years",
            "url": f"https://shop.example.test/wool/jumpers?utm_campaign=autumn-{chance.randrange(10**6)}",
        },
        "traits": {"email": email},
        "timezone": "Europe/London",
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Safari/537.36",
    }


def _properties(kind: str, chance: random.Random, email: str) -> dict[str, Any]:
    if kind == "Product Added":
        return {**_product(chance), "cart_id": f"cart-{chance.randrange(10**8)}", "email": email}
    return {
        "order_id": f"ORDER-2026-{chance.randrange(10**8):08}",
        "email": email,
        "currency": "GBP",
        "total": chance.randrange(10_000) / 100,
        "products": [_product(chance) for _ in range(4)],
    }


def _product(chance: random.Random) -> dict[str, Any]:
    return {
        "product_id": f"sku-{chance.randrange(10**6):06}-blue-xl",
        "name": "Jumper “Inverness”",
        "price": chance.randrange(20_000) / 100,
        "quantity": chance.randrange(1, 9),
    }


def _traits(chance: random.Random, email: str) -> dict[str, Any]:
    return {
        "email": email,
        "name": "Grace Müller",
        "first_name": "Grace",
        "last_name": "Müller",
        "title": "Dr",
        "gender": "female",
        "age": chance.randrange(18, 90),
        "birthday": f"{chance.randrange(1940, 2007)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "phone": f"+44 20 7946 {chance.randrange(10**4):04}",
        "company": "Example & Co",
        "avatar": "https://shop.example.test/avatars/grace.png",
        "address": {
            "street": f"{chance.randrange(1, 99)} High Street",
            "city": "London",
            "state": "Greater London",
            "postalCode": "N1 9GU",
            "country": "GB",
        },
    }

"""Bodies as the published destination writes them, made from fixed seeds: half orders, half custom events."""

from __future__ import annotations

import random
import uuid
from typing import Any

import orjson


def batch(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """*count* items of about 600 bytes each."""
    chance = random.Random(seed)
    return [_order(chance) if number % 2 else _article(chance) for number in range(count)]


def body(count: int, seed: int = 7) -> bytes:
    return orjson.dumps(batch(count, seed))


def _who(chance: random.Random) -> dict[str, str]:
    user = f"user-{chance.randrange(10**6):06}"
    return {
        "anonymousId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "userId": user,
        "email": f"{user}@shop.example.test",
        "optimizely_vuid": f"vuid_{chance.getrandbits(128):032x}",
        "fs_user_id": user,
        "web_user_id": user,
    }


def _time(chance: random.Random) -> str:
    return f"2025-11-{chance.randrange(1, 30):02}T10:{chance.randrange(60):02}:{chance.randrange(60):02}.000Z"


def _order(chance: random.Random) -> dict[str, Any]:
    return {
        "user_identifiers": _who(chance),
        "action": "purchase",
        "type": "order",
        "timestamp": _time(chance),
        "order_id": f"ORDER-2026-{chance.randrange(10**8):08}",
        "total": str(chance.randrange(10_000) / 100),
        "products": [
            {"product_id": f"sku-{chance.randrange(10**6):06}-blue-xl", "qty": chance.randrange(1, 9)} for _ in range(4)
        ],
    }


def _article(chance: random.Random) -> dict[str, Any]:
    return {
        "user_identifiers": _who(chance),
        "type": "Article Read",
        "timestamp": _time(chance),
        "data": {
            "title": "How to wash a wool jumper so that it lives for twenty years",
            "url": f"https://shop.example.test/journal/wool-care?utm_campaign=autumn-{chance.randrange(10**6)}",
            "section": "journal",
            "minutes": chance.randrange(9),
            "scroll_depth": chance.randrange(100) / 100,
            "member": True,
            "author": "Grace Murray",
            "session": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        },
    }

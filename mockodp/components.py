"""
The contracts of what the mock writes, as schemas of an OpenAPI description. Knows nothing of paths and operations.

One source for both: what ``mockodp contracts show`` shows is what the description says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from mockodp_contracts import catalog
from mockodp_contracts.catalogue import URN

Schema = dict[str, Any]

_LEFT_OUT: Final = ("$id", "$schema")
_VALUES: Final = ("const", "enum", "default")


def ref(contract: str) -> Schema:
    """A reference to the component of *contract*."""
    return {"$ref": f"#/components/schemas/{component_name(contract)}"}


def component_name(contract: str) -> str:
    """``own/whole_record`` as ``WholeRecord``."""
    return "".join(part.capitalize() for part in contract.rpartition("/")[2].split("_"))


def components(contracts: Iterable[str]) -> dict[str, Schema]:
    """The schemas of *contracts*, and of all that they use, by the names of their components."""
    ahead = list(contracts)
    found: dict[str, Schema] = {}
    for name in ahead:
        if component_name(name) not in found:
            found[component_name(name)] = _component(name)
            ahead += catalog()[name].refs
    return dict(sorted(found.items()))


def examples(contract: str) -> dict[str, Any]:
    """The good examples of *contract*, as those of a body."""
    good = catalog()[contract].good
    return {example.shows.replace(" ", "-"): {"summary": example.shows, "value": example.value} for example in good}


def _component(name: str) -> Schema:
    contract = catalog()[name]
    examples = [example.value for example in contract.good]
    return {**_plain(contract.schema), "x-contract": name, "examples": examples}


def _plain(schema: Any) -> Any:
    """A schema without our own keywords, its references to contracts turned into those to components."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        keyword: _translated(keyword, value)
        for keyword, value in schema.items()
        if keyword not in _LEFT_OUT and not keyword.startswith("x-")
    }


def _translated(keyword: str, value: Any) -> Any:
    if keyword == "$ref":
        return ref(value.removeprefix(URN))["$ref"]
    if keyword == "properties":
        return {name: _plain(schema) for name, schema in value.items()}
    return value if keyword in _VALUES else _plain(value)

"""
Values of a closed list of kinds as JSON objects, each with a word that says which kind it is.

A field that is a list in JSON is a tuple in the value; a kind whose fields are values themselves, or
bytes, is for its module to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any


def to_json(kinds: Mapping[str, Any], value: Any) -> dict[str, Any]:
    tag = next(name for name, kind in kinds.items() if type(value) is kind)
    return {"kind": tag, **asdict(value)}


def from_json(kinds: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """Read what `to_json` gave; raise `KeyError` or `TypeError` for what it did not give."""
    fields = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document.items()
        if name != "kind"
    }
    return kinds[document["kind"]](**fields)

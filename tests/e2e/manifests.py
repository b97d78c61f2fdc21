"""One object of each kind that people write (`manifests.yaml`), made for a project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from wharfinger.cluster import kinds
from wharfinger.cluster.kind import Kind, Object

LABEL = "walk"
"""What all objects of a project have, those of the whole cluster too."""

_TEXT = Path(__file__).with_suffix(".yaml").read_text()
_KINDS: Mapping[tuple[str, str], Kind] = {
    (kind.api_version, kind.kind): kind for kind in kinds.SERVED
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What somebody writes to have an object, and the kind it is of."""

    kind: Kind
    body: Object

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def shown(self) -> str:
        """As kubectl calls it in its messages and tables."""
        return f"{self.type}/{self.name}"

    @property
    def type(self) -> str:
        """The kind, as kubectl calls it in its messages and tables."""
        return f"{self.kind.singular}.{self.kind.group}" if self.kind.group else self.kind.singular

    @property
    def message(self) -> str:
        """What a line of `kubectl get` says of it; the lines of events do not have their names."""
        return str(self.body.get("reason", self.name))


def of(project: str) -> tuple[Manifest, ...]:
    """The objects of a project, in the order in which they can be made."""
    found = []
    for body in YAML(typ="safe").load_all(_TEXT.replace("@", project)):
        body["metadata"]["labels"] = {LABEL: project}
        found.append(Manifest(_KINDS[body["apiVersion"], body["kind"]], body))
    return tuple(found)


def text(objects: list[Object]) -> str:
    """Many objects as one text for `kubectl -f -`, which tells the faults of each by itself."""
    return "\n".join(map(json.dumps, objects))


def written(project: str) -> str:
    """All objects of a project as one text for `kubectl -f -`."""
    return text([manifest.body for manifest in of(project)])


def lacking(wanted: Any, found: Any, path: str = "") -> list[str]:
    """The paths of all that was written and is not so; what was added meanwhile is passed over."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            missed
            for name, value in wanted.items()
            for missed in lacking(value, found.get(name), f"{path}.{name}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) <= len(found):
        return [
            missed
            for index, value in enumerate(wanted)
            for missed in lacking(value, found[index], f"{path}[{index}]")
        ]
    return [] if wanted == found else [path]

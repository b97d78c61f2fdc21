"""
The field numbers of our models in Kubernetes' protobuf (`generated.proto` of each API group).

Each line names the fields in the order of their numbers, from 1 on; `-` is a number not in use,
or one of a field that we do not serve. A `?` behind a name marks a value that says something even
when it is zero, false or empty (a pointer in Kubernetes' own types, or one that its JSON always
has): others are then left out. `&MODEL` is a message whose fields JSON has in the record itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from wharfinger.cluster.kinds.wire import (
    absent,
    core,
    meta,
    nodes,
    pods,
    rbac,
    reviews,
    volumes,
    workloads,
)


class Field(NamedTuple):
    name: str
    says_zero: bool = False
    """Whether a value that is zero, false or empty is kept."""
    embedded: str = ""
    """The model whose fields are those of the record itself; then there is no name."""


def _field(word: str) -> Field:
    if word.startswith("&"):
        return Field("", embedded=word[1:])
    return Field(word.removesuffix("?"), word.endswith("?"))


FIELDS: Final[Mapping[str, Mapping[int, Field]]] = {
    model: {number: _field(word) for number, word in enumerate(order.split(), 1) if word != "-"}
    for part in (meta, core, absent, pods, volumes, nodes, workloads, rbac, reviews)
    for model, order in part.ORDER.items()
}
"""The fields of each model by their numbers."""

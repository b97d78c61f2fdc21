"""
The field numbers of our models in Kubernetes' protobuf (`generated.proto` of each API group).

Each line names the fields in the order of their numbers, from 1 on; `-` is a number not in use,
or one of a field that we do not serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.cluster.kinds.wire import core, meta, pods, rbac, reviews, workloads

FIELDS: Final[Mapping[str, Mapping[int, str]]] = {
    model: {number: name for number, name in enumerate(order.split(), 1) if name != "-"}
    for part in (meta, core, pods, workloads, rbac, reviews)
    for model, order in part.ORDER.items()
}
"""The name of each field by model and number."""

"""
The record of what ran on a Docker host, so that the same set is started and proven after the work.

It is on the disk before the first container is stopped, and says what has been begun: whoever comes
after a kill, a reboot or another person goes on from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import msgspec

from wharfinger.errors import BadInput, Conflict
from wharfinger.maintenance.docker.containers import Container, stopping_order


class Stage(StrEnum):
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    RESTORED = "restored"
    """All came back, so the record is of the past, and another may take its place."""


class InvalidRecord(BadInput):
    code = "invalid-record"


class OtherHost(Conflict):
    code = "other-host"

    def __init__(self, recorded: str, here: str) -> None:
        super().__init__(
            f"cannot use this record: it is of host {recorded}, and this is {here}",
            remedy="name the file that was written on this host",
        )


@dataclass(frozen=True, slots=True)
class Record:
    host: str
    """The name of the host, as its engine says."""
    at: str
    """When it was begun, in RFC 3339."""
    stage: Stage
    containers: tuple[Container, ...]
    """Those that come back, in the order of stopping."""
    removed: tuple[Container, ...] = ()
    """Those that ended for good when they were stopped."""
    version: Literal[1] = 1

    def require(self, host: str) -> None:
        if self.host != host:
            raise OtherHost(self.host, host)

    def joined(self, running: Sequence[Container]) -> Record:
        """This and what runs now. What was recorded first is what has to come back, unless another has
        taken its name since."""
        known = {one.id for one in (*self.containers, *self.removed)}
        new = [one for one in running if one.id not in known]
        kept = [one for one in new if not one.removed]
        names = {one.name for one in new}
        old = (one for one in self.containers if one.name not in names)
        return replace(
            self,
            stage=Stage.STOPPING,
            containers=stopping_order((*old, *kept)),
            removed=(*self.removed, *(one for one in new if one.removed)),
        )


def encode(record: Record) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def decode(content: bytes) -> Record:
    try:
        return msgspec.json.decode(content, type=Record, strict=True)
    except msgspec.MsgspecError as error:
        raise InvalidRecord(f"cannot read the record: {error}") from None

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from wharfinger.errors import WharfingerError
from wharfinger.maintenance.api import ApiFault, ApiRefused
from wharfinger.maintenance.model import Node
from wharfinger.maintenance.node.announcing import Announcer
from wharfinger.maintenance.node.notices import Notice, Stage
from wharfinger.maintenance.node.webhook import WebhookFailed

NODE = Node("pier-1", "uid")
NOTICES = [
    Notice(Stage.STARTED, "pier-1", "EvacuationStarted", "it begins"),
    Notice(Stage.HELD, "pier-1", "EvacuationHeld", "it is held", warning=True),
    Notice(Stage.ENDED, "pier-1", "EvacuationDone", "it is done"),
]


@dataclass
class Cluster:
    """As much of an `Api` as is needed to tell an Event."""

    server: str = "https://here.test"
    fails: WharfingerError | None = None
    asked: int = 0
    told: list[tuple[str, str, bool]] = field(default_factory=list)

    async def create_event(self, node: Node, *, reason: str, message: str, warning: bool) -> None:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        self.told.append((reason, message, warning))


@dataclass
class Chat:
    fails: WharfingerError | None = None
    told: list[Mapping[str, Any]] = field(default_factory=list)

    async def post(self, document: Mapping[str, Any]) -> None:
        if self.fails is not None:
            raise self.fails
        self.told.append(document)


async def announced(cluster: Cluster, chat: Chat | None, *, events: bool = True) -> list[str]:
    warnings: list[str] = []
    async with Announcer(
        cluster,
        events=events,
        webhook=chat,
        warn=warnings.append,
        now=lambda: datetime(2027, 1, 15, tzinfo=UTC),
    ) as announcer:
        for notice in NOTICES:
            announcer.announce(NODE, notice)
    return warnings


async def test_all_is_told_in_order_before_the_end():
    cluster, chat = Cluster(), Chat()

    assert await announced(cluster, chat) == []
    assert cluster.told == [(one.reason, one.message, one.warning) for one in NOTICES]
    assert [one["stage"] for one in chat.told] == ["started", "held", "ended"]
    assert chat.told[0]["server"] == "https://here.test"


async def test_nobody_is_told_who_was_not_named():
    cluster = Cluster()

    await announced(cluster, None, events=False)

    assert cluster.asked == 0


async def test_a_cluster_that_forbids_events_is_asked_once():
    cluster, chat = Cluster(fails=ApiRefused("cannot tell", status=403)), Chat()

    warnings = await announced(cluster, chat)

    assert cluster.asked == 1
    assert warnings == ["no Events are written: cannot tell"]
    assert len(chat.told) == 3


async def test_a_fault_loses_an_event_and_no_more():
    cluster = Cluster(fails=ApiFault("no answer"))

    assert len(await announced(cluster, None)) == len(NOTICES)


@pytest.mark.parametrize("events", [True, False])
async def test_a_webhook_that_fails_is_warned_of_once(events):
    cluster = Cluster()

    warnings = await announced(cluster, Chat(fails=WebhookFailed("it is gone")), events=events)

    assert warnings == ["it is gone"]
    assert len(cluster.told) == (3 if events else 0)

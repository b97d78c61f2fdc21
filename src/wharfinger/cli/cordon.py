"""
`wharf cordon` and `uncordon`: close nodes to new pods, and open them again.

A cordon says who made it and why. Only one of ours is taken away, by whomever it was made; that of
another tool or person may have a reason that we do not know.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from cyclopts import Parameter

from wharfinger.cli import nodes
from wharfinger.cli.options import CONNECTION, Connection, Flag, Text
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.errors import Conflict
from wharfinger.maintenance import cordon as cordons
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.cordon import Note, Patch
from wharfinger.maintenance.model import Node

Selector = Annotated[str, Parameter(name=["--selector", "-l"], show_default=False)]

_OPENED: Final[dict[str, Any]] = {
    "spec": {"unschedulable": None},
    "metadata": {"annotations": {cordons.ANNOTATION: None}},
}


class NotOurs(Conflict):
    code = "not-our-cordon"

    def __init__(self, node: str) -> None:
        super().__init__(
            f"cannot make node {node!r} schedulable: it was made unschedulable by somebody else",
            remedy="find out who did it and why; --force opens it all the same",
        )


def cordon(
    *names: str, selector: Selector = "", reason: Text = "", connection: Connection = CONNECTION
) -> None:
    """Close nodes to new pods. What runs on them goes on running.

    Parameters
    ----------
    names
        The nodes.
    selector
        All nodes with these labels instead.
    reason
        Why, for whoever finds a node closed.
    """
    nodes.require(names, selector)
    asyncio.run(_cordon(names, selector, nodes.note(reason or "wharf cordon"), connection))


def uncordon(
    *names: str, selector: Selector = "", force: Flag = False, connection: Connection = CONNECTION
) -> None:
    """Open nodes to pods again, if it was us who closed them.

    Parameters
    ----------
    names
        The nodes.
    selector
        All nodes with these labels instead.
    force
        Open them whoever closed them.
    """
    nodes.require(names, selector)
    asyncio.run(_uncordon(names, selector, connection, force=force))


async def _cordon(names: tuple[str, ...], selector: str, why: Note, connection: Connection) -> None:
    async with nodes.connected(connection) as api:
        found = await nodes.chosen(api, names, selector)

        async def close_one(node: Node) -> None:
            closed = await close(api, node, why)
            mine = cordons.note_of(closed) == why
            say(f"node/{sanitized(node.name)} {'' if mine else 'already '}cordoned")

        await nodes.each(found, close_one, connection)


async def _uncordon(
    names: tuple[str, ...], selector: str, connection: Connection, *, force: bool
) -> None:
    async with nodes.connected(connection) as api:
        found = await nodes.chosen(api, names, selector)

        async def open_one(node: Node) -> None:
            was = cordons.note_of(node)
            await open_again(api, node, force=force)
            say(f"node/{sanitized(node.name)} {'already ' if node.schedulable else ''}uncordoned")
            if was is not None:
                note(sanitized(f"it was closed by {was.by} at {was.at}: {was.why}"))

        await nodes.each(found, open_one, connection)


async def close(api: Api, node: Node, why: Note) -> Node:
    return await nodes.change(api, node, lambda one: cordons.close(one, why))


async def open_again(api: Api, node: Node, *, force: bool) -> Node:
    """Raise `NotOurs` for a cordon of somebody else, unless forced."""

    def wanted(one: Node) -> Patch | None:
        patch = cordons.open(one)
        if patch is not None or one.schedulable:
            return patch
        if not force:
            raise NotOurs(one.name)
        return _OPENED

    return await nodes.change(api, node, wanted)

"""
Why a storage order is not begun, not gone on with, or not taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.errors import Conflict, NotFound, Unavailable, Unsupported


class NoDevices(Unsupported):
    """A directory tree has none; what would run, would run on the machine around it."""

    code = "storage-in-a-tree"

    def __init__(self) -> None:
        super().__init__("cannot change the storage of a directory tree: it has no devices")


class FactsChanged(Conflict):
    """Something that the plan rests on is another thing by now."""

    code = "storage-facts-changed"

    def __init__(self, subjects: Sequence[str]) -> None:
        super().__init__(
            f"cannot apply: changed since the plan was made: {', '.join(subjects)}",
            remedy="plan again",
        )
        self.subjects = tuple(subjects)


class DeviceRenamed(Conflict):
    """The kernel gives the name of a device of the order to another one now."""

    code = "storage-device-renamed"

    def __init__(self, order_id: str, path: str, identity: str, now: str) -> None:
        where = f"it is {now} now" if now else "it is not there"
        super().__init__(
            f"cannot go on with order {order_id}: {path} is not the device any more that the order "
            f"is about ({identity}): {where}",
            remedy="attach the devices as they were, so that they get their names again",
        )
        self.path, self.identity = path, identity


class Unfinished(Conflict):
    """One order at a time: first the one that was begun."""

    code = "storage-order-unfinished"

    def __init__(self, order_id: str) -> None:
        super().__init__(
            f"cannot begin another order: {order_id} was begun and did not end",
            remedy="`wharf storage apply` goes on with it, `wharf storage undo` takes it back",
        )
        self.order_id = order_id


class NothingToUndo(NotFound):
    code = "storage-nothing-to-undo"

    def __init__(self, wanted: str | None) -> None:
        what = "no order" if wanted is None else f"no order {wanted}"
        super().__init__(
            f"cannot undo: {what} is left to undo", remedy="see `wharf storage history`"
        )


class UndoImpossible(Conflict):
    """There is no way back from where the order has led."""

    code = "storage-undo-impossible"

    def __init__(self, order_id: str, why: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot undo {order_id}: {why}", remedy=remedy)


class GoingBackFailed(Unavailable):
    """Some steps are taken back and some are not; the journal knows which."""

    code = "storage-going-back-failed"

    def __init__(self, order_id: str, step: str, words: str, trouble: str) -> None:
        first = f"{trouble}; then, " if trouble else ""
        super().__init__(
            f"cannot take back all of order {order_id}: {first}at '{step}': {words}",
            remedy="put that right, then `wharf storage undo`, which goes on with it",
        )


class NothingToRelease(NotFound):
    code = "storage-nothing-to-release"

    def __init__(self, order_id: str) -> None:
        super().__init__(
            f"cannot release {order_id}: no such order keeps anything",
            remedy="see `wharf storage history`",
        )


class StillNeeded(Conflict):
    """What an order keeps may not go yet."""

    code = "storage-still-needed"

    def __init__(self, order_id: str, why: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot release what order {order_id} keeps: {why}", remedy=remedy)


class JournalUnwritable(Unavailable):
    """The disk does not take how far an order is. It stands still there."""

    code = "storage-journal-unwritable"

    def __init__(self, order_id: str, folder: str, error: OSError) -> None:
        super().__init__(
            f"cannot write down how far order {order_id} is, in {folder}: {error.strerror}",
            remedy="put that right, then `wharf storage apply`, which goes on with the order",
        )

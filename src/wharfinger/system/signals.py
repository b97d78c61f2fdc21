"""
Turn signals into events, and tell the supervisor how we are.

The notification is systemd's `sd_notify`: a few lines to a datagram socket that the starter
names in `NOTIFY_SOCKET`. `wharf up --detach` listens on one too, so that "ready" means the same
to both. See https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOTIFY_SOCKET = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"


@contextmanager
def ending(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets, as often as they come.

    After a first SIGINT a second one interrupts at once: a person at a keyboard means it.
    """
    asked = asyncio.Event()

    def interrupted() -> None:
        asked.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, asked.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)


@contextmanager
def looking_again(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.Event]:
    """An event that SIGHUP sets: somebody has changed a file that we read."""
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def notify(*lines: str) -> None:
    """Tell whoever started us; nobody listening is no fault of ours."""
    address = os.environ.get(NOTIFY_SOCKET)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect(address)
            channel.sendall("\n".join(lines).encode())
        except (FileNotFoundError, ConnectionRefusedError):
            return


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """The other end: a socket at `path` that a process we start notifies."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.bind(str(path))
        try:
            yield channel
        finally:
            path.unlink(missing_ok=True)

import asyncio
import os
import signal
import socket

import pytest

from wharfinger.system import signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_end_becomes_an_event(number):
    with signals.ending(asyncio.get_running_loop()) as asked:
        os.kill(os.getpid(), number)

        async with asyncio.timeout(5):
            await asked.wait()


async def test_a_supervisor_may_ask_twice():
    with signals.ending(asyncio.get_running_loop()) as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        await asked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)


async def test_a_person_who_interrupts_twice_is_not_kept_waiting():
    with signals.ending(asyncio.get_running_loop()) as asked:
        os.kill(os.getpid(), signal.SIGINT)
        await asked.wait()

        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def test_a_hangup_asks_to_look_again():
    with signals.looking_again(asyncio.get_running_loop()) as asked:
        os.kill(os.getpid(), signal.SIGHUP)

        async with asyncio.timeout(5):
            await asked.wait()


def test_a_notice_reaches_whoever_listens(tmp_path, monkeypatch):
    monkeypatch.setenv(signals.NOTIFY_SOCKET, str(tmp_path / "n"))

    with signals.listening(tmp_path / "n") as channel:
        signals.notify(signals.READY, "STATUS=here")

        assert channel.recv(100) == b"READY=1\nSTATUS=here"


def test_a_notice_reaches_an_abstract_socket(monkeypatch):
    name = f"wharfinger-test-{os.getpid()}"
    monkeypatch.setenv(signals.NOTIFY_SOCKET, f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0{name}")

        signals.notify(signals.STOPPING)

        assert channel.recv(100) == b"STOPPING=1"


def test_nobody_listening_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.delenv(signals.NOTIFY_SOCKET, raising=False)
    signals.notify(signals.READY)
    monkeypatch.setenv(signals.NOTIFY_SOCKET, str(tmp_path / "gone"))
    signals.notify(signals.READY)

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage.interrupts import Interrupted, Interrupts

MIB = 1 << 20


def test_a_command_that_is_under_way_is_waited_for(tmp_path):
    written = tmp_path / "written"
    interrupts = Interrupts()
    words = f"kill -TERM $PPID; dd if=/dev/zero of={written} bs=1M count=32 2>&1"

    with interrupts.taken(), pytest.raises(Interrupted), interrupts.let_in():
        Machine().run(("sh", "-c", words))

    assert written.stat().st_size == 32 * MIB


def test_a_command_that_just_starts_is_waited_for_too(tmp_path, monkeypatch):
    written = tmp_path / "written"
    interrupts, start = Interrupts(), subprocess.Popen

    def interrupted(*words, **options):
        started = start(*words, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return started

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with interrupts.taken(), pytest.raises(Interrupted), interrupts.let_in():
        Machine().run(("sh", "-c", f"sleep 0.2; echo whole > {written}"))

    assert written.read_text() == "whole\n"


def test_a_signal_between_steps_waits_for_the_next(tmp_path):
    interrupts = Interrupts()
    begun = []

    with interrupts.taken():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted), interrupts.let_in():
            begun.append(True)

    assert begun == []


def test_what_others_do_with_signals_comes_back():
    before = signal.getsignal(signal.SIGTERM)

    with Interrupts().taken():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before

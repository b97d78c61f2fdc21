"""What is shown of the console of a guest that is gone."""

from __future__ import annotations

from vm import qemu

TRACE = [f"[    7.0] trace {number}" for number in range(100)]
PANIC = "[    7.0] Kernel panic - not syncing: sysrq triggered crash"


def test_the_end_of_a_console_is_its_last_lines():
    assert qemu.end_of("\n".join(TRACE)).splitlines() == TRACE[-40:]
    assert qemu.end_of("\n".join(TRACE[:3])).splitlines() == TRACE[:3]
    assert qemu.end_of("") == ""


def test_the_end_of_a_console_has_the_panic_however_long_its_trace_is():
    told = qemu.end_of("\n".join([*TRACE, PANIC, *TRACE])).splitlines()

    assert told == [PANIC, *TRACE]


def test_the_end_of_a_console_has_what_came_before_a_panic_with_a_short_trace():
    told = qemu.end_of("\n".join([*TRACE, PANIC, *TRACE[:3]])).splitlines()

    assert told == [*TRACE[-36:], PANIC, *TRACE[:3]]

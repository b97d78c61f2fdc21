from __future__ import annotations

import io

from wharfinger.cli import live


class Terminal(io.StringIO):
    """What one sees at the end, of a terminal that knows two sequences: up, and empty from here."""

    def screen(self) -> list[str]:
        lines: list[str] = [""]
        for part in self.getvalue().replace("\x1b[J", "").split("\x1b["):
            up, mark, rest = part.partition("F")
            if mark and up.isdigit():
                del lines[len(lines) - 1 - int(up) :]
                lines.append("")
            else:
                rest = part
            lines[-1] += rest.split("\n")[0]
            lines.extend(rest.split("\n")[1:])
        return lines[:-1]


class Deaf(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_rows_are_drawn_in_the_place_of_the_last_ones():
    terminal = Terminal()
    rows = live.Rows(terminal)

    rows.draw(["one", "two", "three"])
    rows.draw(["four"])

    assert terminal.screen() == ["four"]


def test_what_stays_is_said_above_them():
    terminal = Terminal()
    rows = live.Rows(terminal)

    rows.draw(["row"])
    rows.above("said")
    rows.draw(["row again"])

    assert terminal.screen() == ["said", "row again"]


def test_rows_never_fill_more_than_the_terminal():
    terminal = Terminal()

    live.Rows(terminal).draw([f"row {number} {'x' * 100}" for number in range(50)])

    shown = terminal.screen()
    assert len(shown) == 23
    assert shown[-1] == "… and 28 more"
    assert all(len(line) < 80 for line in shown)


def test_nobody_who_listens_stops_nothing():
    rows = live.Rows(Deaf())

    rows.draw(["row"])
    rows.above("said")

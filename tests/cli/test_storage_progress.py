from __future__ import annotations

import io
import json

import pytest

from wharfinger.cli import storage_progress
from wharfinger.cli.options import Format
from wharfinger.hosts.on_host.storage.outcomes import Progress

FIRST = Progress("000001", 1, 2, "export images docker")
SECOND = Progress("000001", 2, 2, "stop engine docker")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def far(done, whole=100):
    return Progress("000001", 1, 2, "export images docker", what="layers", done=done, whole=whole)


def told(sink, form, *progress):
    with storage_progress.telling(form, sink) as tell:
        for one in progress:
            tell(one)
    return sink.getvalue()


def test_a_log_gets_a_line_for_each_step_and_each_tenth():
    text = told(
        io.StringIO(), Format.TABLE, FIRST, far(0), far(5), far(9), far(10), far(95), SECOND
    )

    assert text.splitlines() == [
        "step 1/2: export images docker",
        "step 1/2: export images docker: layers 0 %",
        "step 1/2: export images docker: layers 10 %",
        "step 1/2: export images docker: layers 95 %",
        "step 2/2: stop engine docker",
    ]


def test_a_terminal_gets_one_moving_line_for_each_step():
    text = told(Terminal(), Format.TABLE, FIRST, far(10), far(20, 0), SECOND)

    assert text == (
        "\r\x1b[Kstep 1/2: export images docker"
        "\r\x1b[Kstep 1/2: export images docker: layers 10 %"
        "\r\x1b[Kstep 1/2: export images docker: layers 20\n"
        "\r\x1b[Kstep 2/2: stop engine docker\n"
    )


def test_a_program_gets_objects():
    text = told(io.StringIO(), Format.JSON, FIRST, far(10))

    assert [json.loads(line)["done"] for line in text.splitlines()] == [0, 10]


def test_names_do_not_act_on_the_terminal():
    step = Progress("000001", 1, 1, "remove tree /srv/\x1b[2J", back=True)

    assert storage_progress.text_of(step) == "back 1/1: remove tree /srv/\\x1b[2J"


@pytest.mark.parametrize("form", [Format.TABLE, Format.JSON])
def test_nobody_has_to_listen(form):
    with storage_progress.telling(form, Gone()) as tell:
        tell(FIRST)

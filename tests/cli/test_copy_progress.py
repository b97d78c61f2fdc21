"""How a copy is told of while it runs."""

import io
import json

from wharfinger.cli import copy_progress
from wharfinger.cli.copy_progress import Telling
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.remote.copy.plan import Plan
from wharfinger.remote.copy.run import Kind, Progress

BLOB = str(Digest.of(b"blob"))
PLAN = Plan(blobs=(Descriptor("", Digest.of(b"blob"), 1024),))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def far(done):
    return Progress(Kind.BLOB, BLOB, done, 1024)


EVENTS = [
    far(0),
    far(512),
    Progress(Kind.AGAIN, BLOB, message="reset\x1b"),
    Progress(Kind.COPIED, BLOB, 1024, 1024),
    Progress(Kind.IMAGE, "1"),
    Progress(Kind.FAILED, "2", message="cannot"),
]


def told(sink, form, *, step=1.0):
    moments = iter(range(1000))
    tell = copy_progress.teller(form, PLAN, sink, lambda: next(moments) * step)
    for one in EVENTS:
        tell(one)
    return sink.getvalue()


def test_a_log_gets_a_line_for_what_is_done():
    short = BLOB[:19]
    for sink, form in ((io.StringIO(), Telling.AUTO), (Terminal(), Telling.PLAIN)):
        assert told(sink, form).splitlines() == [
            f"blob {short} is tried again: reset\\x1b",
            f"blob {short} copied (1.0 KiB)",
            "image 1 is there",
            "image 2 failed: cannot",
        ]


def test_a_program_gets_each_tenth():
    sink = io.StringIO()
    tell = copy_progress.teller(Telling.JSON, PLAN, sink)
    for done in (0, 10, 102, 103, 199, 1024):
        tell(far(done))

    assert [json.loads(line)["done"] for line in sink.getvalue().splitlines()] == [0, 103, 1024]


def test_a_person_sees_what_is_under_way():
    text = told(Terminal(), Telling.AUTO)

    assert f"{BLOB[:19]}      512 B of   1.0 KiB   50 %\n" in text
    assert "0 of 0 images, 512 B of 1.0 KiB" in text
    assert "image 2 failed: cannot\n" in text
    assert text.rstrip().endswith("1 of 0 images, 1.0 KiB of 1.0 KiB")


def test_what_comes_too_fast_is_not_drawn():
    assert "50 %" not in told(Terminal(), Telling.AUTO, step=0.001)


def test_nobody_who_has_gone_stops_a_copy():
    for form in (Telling.PLAIN, Telling.JSON, Telling.NONE):
        assert told(Gone(), form) == ""

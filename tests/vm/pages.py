"""
A how-to page, followed by hand, as a test: it does what it says, and shows what comes of it.

A page is read from top to bottom: a block of yaml becomes `site.yaml`, a block of sh is typed as it is,
and a block of text has to be what the commands before it print. There `…` stands for what differs
from one host to another: names, times, the size of tables. What happens outside of the host (a disk is
attached, a disk grows) is said by the test, beside the heading that it comes before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from e2e import machine
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratory

_PART = re.compile(r"^```(sh|yaml|text)\n(.*?)^```$|^(#+ [^\n]+)$", re.MULTILINE | re.DOTALL)
HERE = "/root/how-to"

S2 = "S2-a-new-disk.md"
S3 = "S3-a-larger-disk.md"
S4 = "S4-devicemapper-to-overlay2.md"
FOLLOWED = {S2, S3, S4}


def be_the_host(lab: Laboratory) -> None:
    """That of the pages, as they name it."""
    lab.script(f"mkdir -p {HERE}; echo host-1 > /etc/hostname; hostname host-1").check()


class Part(NamedTuple):
    """`kind` is "sh", "yaml", "text" or "heading"."""

    kind: str
    text: str


def parts(page: str) -> Iterator[Part]:
    text = (machine.ROOT / "docs" / "how-to" / page).read_text()
    for found in _PART.finditer(text):
        yield Part("heading", found[3]) if found[3] else Part(found[1], found[2])


def follow(page: str, lab: Laboratory, happens: Mapping[str, Callable[[], object]]) -> None:
    """Do what the page says; `happens` has what comes before a heading."""
    printed, unused = "", dict(happens)
    for part in parts(page):
        if part.kind == "heading":
            unused.pop(part.text.lstrip("# "), lambda: None)()
        elif part.kind == "yaml":
            lab.write(f"{HERE}/site.yaml", part.text)
        elif part.kind == "sh":
            here = f"export PATH={lab.warm()}:$PATH COLUMNS=100\ncd {HERE}"
            done = lab.script(f"{here}\n{part.text}")
            assert done.code == 0, f"{part.text}\n{done.out}\n{done.err}"
            printed = done.out
        else:
            require_shown(part.text, printed)
    assert not unused, f"{page} has no heading {list(unused)}"


def require_shown(shown: str, printed: str) -> None:
    """Each line of the page is one of the output, in this order."""
    rest = iter(printed.splitlines())
    for line in filter(str.strip, shown.splitlines()):
        wanted = re.compile(".*".join(map(re.escape, line.rstrip().split("…"))))
        assert any(wanted.fullmatch(one.rstrip()) for one in rest), (
            f"the page shows\n{shown}\nwhere this was printed:\n{printed}"
        )


def with_images(lab: Laboratory, docker: GuestDocker) -> None:
    """What the pages have in their engine."""
    docker.load("shop/web:1", "shop/api:1", "shop/jobs:1", "lab/tools:1", "lab/base:1")
    for name in ("orders", "prices"):
        docker.volume(name, {"table": f"{name}\n" * 100}, data_root="/var/lib/docker")

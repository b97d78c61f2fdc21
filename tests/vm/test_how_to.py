"""
The how-to pages on storage do what they say, and show what comes of it.

A page is read from top to bottom: a block of yaml becomes `site.yaml`, a block of sh is typed as it is,
and a block of text has to be what the commands before it print. There `…` stands for what differs
from one host to another: names, times, the size of tables. What happens outside of the host (a disk is
attached, a disk grows) is said here, beside the heading that it comes before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pytest

from e2e import machine
from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

_PART = re.compile(r"^```(sh|yaml|text)\n(.*?)^```$|^(#+ [^\n]+)$", re.MULTILINE | re.DOTALL)
_HERE = "/root/how-to"
_ROOT = "/var/lib/docker"

S2, S3, S4 = PAGES = (
    "S2-a-new-disk.md",
    "S3-a-larger-disk.md",
    "S4-devicemapper-to-overlay2.md",
)


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    return host(laboratory, Disk("data-1", gib=6))


def host(laboratory: Laboratories, disk: Disk) -> Laboratory:
    lab = laboratory(disk, memory=1536)
    lab.script(f"mkdir -p {_HERE}; echo host-1 > /etc/hostname; hostname host-1").check()
    return lab


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
            lab.write(f"{_HERE}/site.yaml", part.text)
        elif part.kind == "sh":
            path = f"{machine.ROOT / '.venv' / 'bin'}:$PATH"
            done = lab.script(
                f"export PATH={path} COLUMNS=100\ncd {_HERE}\n{part.text}", seconds=240
            )
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
    docker.load("shop/web:1", "shop/api:1", "shop/jobs:1", "lab/tools:1", "lab/base:1")
    for name in ("orders", "prices"):
        docker.volume(name, {"table": f"{name}\n" * 100}, data_root=_ROOT)


def test_s2_a_new_disk(lab: Laboratory) -> None:
    docker = GuestDocker(lab)
    first = next(part.text for part in parts(S2) if part.kind == "yaml")
    lab.write(f"{_HERE}/site.yaml", first)
    lab.wharf("storage", "apply", f"{_HERE}/site.yaml", "--yes").check()
    docker.start(guest_docker.overlay2())
    with_images(lab, docker)
    docker.run("web", "shop/web:1", "--volume", "orders:/orders")

    follow(S2, lab, {"The second disk": lambda: lab.attach(Disk("data-2", gib=4))})


def test_s3_a_disk_that_grows(lab: Laboratory) -> None:
    """On the host that the page before has left."""
    follow(S3, lab, {"The disk grows": lambda: lab.grow("data-2", gib=8)})


def test_s4_from_devicemapper_to_overlay2(laboratory: Laboratories) -> None:
    lab = host(laboratory, Disk("data-1", gib=8))
    lab.script(
        "pvcreate -q /dev/vda; vgcreate -q store /dev/vda\n"
        "lvcreate -q -y --type thin-pool --zero n -c 512K -L 3G -n docker-pool store"
    ).check()
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("store", "docker-pool"))
    with_images(lab, docker)
    docker.create("web", "shop/web:1", "--volume", "orders:/orders", "--env", "PORT=8080")
    docker.create("api", "shop/api:1", "--volume", "prices:/prices", "--restart", "always")
    docker.create("jobs", "shop/jobs:1", "--label", "team=shop")

    follow(S4, lab, {})

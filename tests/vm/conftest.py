"""
How a scenario in the VM is written.

A module of scenarios starts one guest, with the disks that they need, and its tests share it in
the order in which they stand; each looks after its own disks, groups and folders:

    pytestmark = pytest.mark.e2e

    @pytest.fixture(scope="module")
    def lab(laboratory: Laboratories) -> Laboratory:
        return laboratory(Disk("first", gib=8), Disk("second", gib=4))

    def test_a_group_takes_a_disk(lab: Laboratory) -> None:
        lab.script("pvcreate -q /dev/disk/by-id/virtio-first").check()
        lab.wharf("storage", "apply", "/site.yaml", "--yes").check()

What there is (`vm.laboratory.Laboratory`, `vm.qemu.Disk`):

- `lab.run(*words)`, `lab.script(text)`, `lab.python(code, *words)`, `lab.wharf(*words)`: to the
  end; a `Done` with `code`, `out`, `err`, `check()`. Over `seconds`, it is killed and fails.
- `lab.start(*words)`: a `Job` that runs on: `running`, `output`, `errors`, `wait()`, `kill()`.
- `lab.read(path)`, `lab.write(path, content)`: files of the guest. The checkout is where it is
  here; a file that a test writes below `lab.shared` is `/.vm/...` there.
- `lab.grow(name, gib)`, `lab.attach(Disk(...))`, `lab.detach(name)`: while it runs.
- `lab.restart()`: a cut of power; only the disks stay, the root is as at the first start.
- `vm.guest_docker.GuestDocker`: an engine in the guest, its images, volumes and containers.

The root of the guest is memory: put an engine's data on a disk, or overlay2 does not start. It
has udev, kmod, lvm2, xfsprogs, parted, growpart, mdadm, cryptsetup, Docker 20.10 and its
client, and no network but its loopback. What this machine has of an engine is hidden there.

By hand: `PYTHONPATH=tests .venv/bin/python -m vm --disks 8,8 -- sh -c 'vgs; dmesg'`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratories]:
    with ExitStack() as stack:

        def start(*disks: Disk, memory: int = 1024, systemd: bool = False) -> Laboratory:
            return stack.enter_context(Laboratory(disks, memory=memory, systemd=systemd))

        yield start

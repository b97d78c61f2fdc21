"""
Run one command in a guest of the laboratory: `PYTHONPATH=tests python -m vm --disks 8,8 -- CMD…`.

Its output and its exit code are the command's. A disk of `--disks` is its size in GiB; they are
`/dev/vda`, `/dev/vdb` and so on.
"""

from __future__ import annotations

import argparse
import sys

from vm.laboratory import Laboratory
from vm.qemu import Disk


def main() -> int:
    parser = argparse.ArgumentParser(prog="vm", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--disks", default="", help="sizes in GiB, as 8,8")
    parser.add_argument("--memory", type=int, default=1024, help="MiB")
    parser.add_argument("--seconds", type=float, default=600, help="end the command after this")
    parser.add_argument("--systemd", action="store_true", help="systemd is process 1")
    parser.add_argument("words", nargs="+", metavar="CMD")
    asked = parser.parse_args()
    sizes = [float(size) for size in asked.disks.split(",") if size]
    disks = tuple(Disk(f"disk{number}", gib=gib) for number, gib in enumerate(sizes, 1))
    with Laboratory(disks, memory=asked.memory, systemd=asked.systemd) as lab:
        done = lab.run(*asked.words, seconds=asked.seconds)
    sys.stdout.write(done.out)
    sys.stderr.write(done.err)
    return done.code


if __name__ == "__main__":
    sys.exit(main())

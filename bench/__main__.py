"""
Run `make bench`: each part measures in rounds and prints a table of medians, as Markdown.

What is in a part, and how it is kept fair, stands at the head of its module.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import (
    authz,
    copying,
    fleet,
    imports,
    maintenance,
    objects,
    plans,
    policies,
    registry,
    webhook,
)
from bench.measures import SUITES
from e2e import machine

CACHE: Final = machine.ROOT / ".cache"
PARTS: Final[dict[str, Callable[[Path, int], str]]] = {
    "registry": registry.measure,
    "objects": objects.measure,
    "plans": plans.measure,
    "policies": policies.measure,
    "authz": authz.measure,
    "fleet": fleet.measure,
    "maintenance": maintenance.measure,
    "copy": copying.measure,
    "imports": imports.measure,
    "webhook": webhook.measure,
}


def main() -> None:
    options = _options()
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=CACHE))
    try:
        if options.only in SUITES:
            print(registry.measure(folder, options.rounds, [options.only]))
        if options.only in objects.SUITES:
            print(objects.measure(folder, options.rounds, [options.only]))
        if options.only in maintenance.SUITES:
            print(maintenance.measure(folder, options.rounds, [options.only]))
        for name in PARTS:
            if options.only in (None, name):
                print(f"{PARTS[name](folder, options.rounds)}\n", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (default: 5)")
    parser.add_argument(
        "--only",
        choices=(*PARTS, *SUITES, *objects.SUITES, *maintenance.SUITES),
        help="one part, or one suite of one",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

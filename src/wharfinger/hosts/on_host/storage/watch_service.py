"""
The watch as the program of a host runs it: options in, a line of JSON for each look out.

`wharf storage watch` takes the same options, and tells a person in words. A look that does not succeed is
a line on stderr, and the next one may; the code is 1 where there is nothing to go on with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import watch
from wharfinger.hosts.on_host.storage.extending import Rule
from wharfinger.hosts.on_host.storage.watch import Look, Watch


def run(words: Sequence[str], machine: Machine | None = None) -> int:
    given = _parser().parse_args(words)
    rule = Rule(given.threshold, given.percent, given.reserve) if given.extend else None
    asked = Watch(rule, given.textfile)
    host = Machine() if machine is None else machine
    try:
        if given.once:
            _tell(watch.look(host, asked))
            return 0
        with watch.until_signalled() as stop:
            watch.keep_looking(host, asked, given.every, _tell, _fail, stop=stop)
    except WharfingerError as error:
        _fail(error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wharf-host storage-watch")
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument("--every", type=_seconds, default=60.0, help="seconds between two looks")
    parser.add_argument("--textfile", default="", help="file for metrics")
    parser.add_argument("--extend", action="store_true", help="extend thin pools in time")
    _percent(parser, "--threshold", None, range(1, 100), "for pools that LVM is told nothing for")
    _percent(parser, "--percent", 20, range(1, 1001), "by how much such a pool grows")
    _percent(parser, "--reserve", 2, range(100), "of a group, which stays free")
    return parser


def _percent(
    parser: argparse.ArgumentParser, name: str, usual: int | None, allowed: range, what: str
) -> None:
    told: dict[str, Any] = {"metavar": "PERCENT", "help": what}
    parser.add_argument(name, type=int, choices=allowed, default=usual, **told)


def _seconds(text: str) -> float:
    if not float(text) >= 1:
        raise ValueError(text)
    return float(text)


def _tell(look: Look) -> None:
    print(json.dumps(watch.to_json(look)), flush=True)


def _fail(error: WharfingerError) -> None:
    told = {"code": error.code, "message": error.message, "remedy": error.remedy}
    print(json.dumps({"error": told}), file=sys.stderr, flush=True)

"""
What the bundle does when it is called: one word says what, JSON goes in and comes out.

    facts                        what this host is like
    apply                        carry out the order on stdin
    recover                      take back what a killed apply has left
    undo [ID] [--force]          take back an apply, the last one without ID
    history, drift               what was done, and what is no longer so
    verify                       prove the claims of the order on stdin
    storage-facts                what stores data on this host
    storage-apply                carry out the storage order on stdin
    storage-resume               go on with the one that did not end; null for none
    storage-undo [ID] [--force]  take back the one that did not end, or the last, or this one
    storage-history              the orders that were begun, and how they ended
    storage-release ID           remove what an order has kept for its way back
    storage-watch                tell how full all is, now and again; see `wharf storage watch --help`
    docker-authz, verify-image   the services of a host; see `wharf docker-authz --help`
    docker-load FILE             load an archive into Docker; see `wharf docker-load --help`

With `--root DIR` it works on a directory tree, in which storage can only be looked at. How far a storage
order is stands on stderr, an object on each line. The code is 0, or 1 where something could not be
done: then stdout has `{"error": {"code", "message", "remedy"}}`, or the outcome of an apply that was
rolled back or has stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from wharfinger.errors import BadInput, TooLarge, Unavailable, WharfingerError
from wharfinger.hosts.on_host import apply, changes, drift, facts, reading, results
from wharfinger.hosts.on_host.changes import Order
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending, Outcome

ORDER_LIMIT: Final = 64 << 20
_STOPPED: Final = "stopped"
"""How a storage order ends that has grown something and could not go on; `storage.outcomes`."""


class InvalidOrder(BadInput):
    """What came on stdin is no order."""

    code = "invalid-order"

    def __init__(self) -> None:
        super().__init__("cannot read the order on stdin: it is not what a plan gives")


class OrderTooLarge(TooLarge):
    code = "order-too-large"

    def __init__(self) -> None:
        super().__init__(f"cannot read the order on stdin: over {ORDER_LIMIT >> 20} MiB")


class SystemRefuses(Unavailable):
    """The kernel says no to something that we did not foresee."""

    code = "system-refuses"

    def __init__(self, error: OSError) -> None:
        where = f" ({error.filename})" if error.filename else ""
        super().__init__(f"cannot go on: {error.strerror}{where}")


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; return the exit code."""
    if arguments[:1] == ["verify-image"]:  # in the words of containerd, which are not ours
        from wharfinger.hosts.on_host import verify_image

        return verify_image.run(arguments[1:])
    if arguments[:1] == ["storage-watch"]:  # has options of its own, and goes on
        from wharfinger.hosts.on_host.storage import watch_service

        return watch_service.run(arguments[1:])
    given = _parser().parse_args(arguments)
    if given.what == "docker-authz":
        return _docker_authz(given)
    if given.what == "docker-load":
        return _docker_load(given)
    try:
        answer = _ANSWERS[given.what](Machine(given.root), given)
    except OSError as error:
        return _tell(_error(SystemRefuses(error)))
    except WharfingerError as error:
        return _tell(_error(error))
    return _tell(answer)


def _tell(answer: Any) -> int:
    json.dump(answer, sys.stdout)
    print(flush=True)
    bad = isinstance(answer, dict) and (
        "error" in answer or answer.get("ending") in (Ending.ROLLED_BACK.value, _STOPPED)
    )
    return 1 if bad else 0


def _error(error: WharfingerError) -> dict[str, Any]:
    told = {"code": error.code, "message": error.message, "remedy": error.remedy}
    return {"error": told}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wharf-host", description=__doc__.splitlines()[1])
    words = parser.add_subparsers(dest="what", required=True)
    for word in _ANSWERS:
        here = words.add_parser(word)
        here.add_argument("--root", default="/", help="directory tree instead of this host")
        if word in ("undo", "storage-undo"):
            here.add_argument("id", nargs="?")
            here.add_argument("--force", action="store_true")
        elif word == "storage-release":
            here.add_argument("id")
    plugin = words.add_parser("docker-authz")
    for option in ("--policy", "--socket", "--gate"):
        plugin.add_argument(option)
    words.add_parser("verify-image")
    words.add_parser("storage-watch")
    loader = words.add_parser("docker-load")
    loader.add_argument("archive")
    for option in ("--policy", "--docker"):
        loader.add_argument(option)
    return parser


def _facts(machine: Machine, _: argparse.Namespace) -> dict[str, Any]:
    return facts.to_json(reading.read_facts(machine))


def _apply(machine: Machine, _: argparse.Namespace) -> dict[str, Any]:
    return results.to_json(apply.apply(_order(), machine))


def _recover(machine: Machine, _: argparse.Namespace) -> list[dict[str, Any]]:
    return _all(apply.recover(machine))


def _undo(machine: Machine, given: argparse.Namespace) -> dict[str, Any]:
    return results.to_json(apply.undo(machine, given.id, force=given.force))


def _history(machine: Machine, _: argparse.Namespace) -> list[dict[str, Any]]:
    return _all(apply.history(machine))


def _drift(machine: Machine, _: argparse.Namespace) -> list[dict[str, Any]]:
    return [asdict(one) for one in drift.drift(machine)]


def _verify(machine: Machine, _: argparse.Namespace) -> list[dict[str, Any]]:
    proven = apply.verify(_order().proofs, machine)
    return [{**asdict(one), "holds": one.holds.value} for one in proven]


def _storage(machine: Machine, given: argparse.Namespace) -> Any:
    from wharfinger.hosts.on_host.storage import words

    order = _given() if given.what == "storage-apply" else None
    asked = words.Asked(order, getattr(given, "id", None), getattr(given, "force", False))
    try:
        return words.answer(given.what, machine, asked)
    except words.NoOrder:
        raise InvalidOrder from None


_ANSWERS: Final[Mapping[str, Callable[[Machine, argparse.Namespace], Any]]] = {
    "facts": _facts,
    "apply": _apply,
    "recover": _recover,
    "undo": _undo,
    "history": _history,
    "drift": _drift,
    "verify": _verify,
    "storage-facts": _storage,
    "storage-apply": _storage,
    "storage-resume": _storage,
    "storage-undo": _storage,
    "storage-history": _storage,
    "storage-release": _storage,
}


def _all(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [results.to_json(outcome) for outcome in outcomes]


def _order() -> Order:
    try:
        return changes.from_json(_given())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidOrder from None


def _given() -> Any:
    text = sys.stdin.buffer.read(ORDER_LIMIT + 1)
    if len(text) > ORDER_LIMIT:
        raise OrderTooLarge
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidOrder from None


def _docker_authz(given: argparse.Namespace) -> int:
    from wharfinger.hosts.on_host.docker_authz.life import Places, run

    said = {name: getattr(given, name) for name in ("policy", "socket", "gate")}
    places = {name: value for name, value in said.items() if value is not None}
    if places.get("gate") == "none":
        places["gate"] = None
    try:
        run(Places(**places), os.environ)
    except WharfingerError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


def _docker_load(given: argparse.Namespace) -> int:
    from wharfinger.hosts.on_host.docker_authz import load, policy_file, ticket
    from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile

    try:
        rules = PolicyFile(given.policy or policy_file.PATH).current()
        with open(given.archive, "rb") as file:  # noqa: PTH123 - a name from the command line
            names = load.load(file, rules, given.docker or load.DOCKER, ticket.FOLDER)
    except (WharfingerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in names:
        print(f"{name} loaded")
    return 0

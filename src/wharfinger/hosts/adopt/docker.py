"""
What a host's files for Docker say: `/etc/sysconfig/docker`, `/etc/default/docker`, `daemon.json`, and
the flags of dockerd, as a drop-in of systemd gives them or as the daemon that runs was given them.

The flags of Docker of the RHEL kind (`--add-registry`, `--block-registry`) stand in variables of
`sysconfig`, or are keys of `daemon.json`. Docker Hub is searched last there without being named,
unless it is blocked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from wharfinger.hosts.adopt.containers import PUBLIC, blocked, closed, unreadable
from wharfinger.hosts.adopt.said import Note, Said, Told, ToldMirror
from wharfinger.hosts.formats import sysconfig
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import FileTooLarge, UnreadableFile
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.oci.reference import HUB, HUBS
from wharfinger.policy.access import ALL

OPTIONS: Final = (
    "/etc/sysconfig/docker",
    "/etc/sysconfig/docker-latest",
    "/etc/default/docker",
)
UNIT: Final = "/etc/systemd/system/docker.service.d/"
DAEMON_JSON: Final = "/etc/docker/daemon.json"
OURS: Final = "wharfinger"

_VARIABLES: Final = (
    *("OPTIONS", "DOCKER_OPTS", "DOCKER_NETWORK_OPTIONS"),
    *("ADD_REGISTRY", "BLOCK_REGISTRY", "INSECURE_REGISTRY"),
)
_GOES_ON: Final = "\\"
_START: Final = re.compile(r"\s*ExecStart\s*=(?P<command>.*)")
_FLAGS: Final = {
    "add": "--add-registry",
    "block": "--block-registry",
    "insecure": "--insecure-registry",
    "mirror": "--registry-mirror",
    "push": "--allow-nondistributable-artifacts",
    "plugin": "--authorization-plugin",
}
_KEYS: Final = {
    "add": ("add-registry", "add-registries"),
    "block": ("block-registry", "block-registries"),
    "insecure": ("insecure-registries",),
    "mirror": ("registry-mirrors",),
    "push": ("allow-nondistributable-artifacts",),
    "plugin": ("authorization-plugins",),
}

_SCHEME: Final = re.compile(r"(?i)https?://")

Given = Mapping[str, tuple[Told, ...]]
"""What is given, by the keys of the tables above. What nobody speaks of is not there."""


def options(content: bytes, path: str) -> Said:
    """A file of variables, as one of `OPTIONS`."""
    try:
        found = Sysconfig.parse(content, path)
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)
    values = [(found.get(name) or "", Place(path, found.line_of(name))) for name in _VARIABLES]
    return said(path, _of_flags(values))


def unit(content: bytes, path: str) -> Said:
    """A drop-in of systemd: the last command that it starts counts."""
    command, place = "", Place(path)
    for number, line in _logical_lines(content.decode(errors="replace")):
        if (found := _START.fullmatch(line)) is not None:
            command, place = found["command"], Place(path, number)
    return said(path, _of_flags([(command, place)]))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that they go on in, each with the number of its first."""
    start, parts = 1, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        start = start if parts else number
        parts.append(line.removesuffix(_GOES_ON))
        if not line.endswith(_GOES_ON):
            yield start, " ".join(parts)
            parts = []


def arguments(words: Sequence[str]) -> Said:
    """The command line of the daemon that runs."""
    name = "the command line of dockerd"
    joined = " ".join(word for word in words if "'" not in word and '"' not in word)
    return said(name, _of_flags([(joined, Place(name))]))


def flags(value: str, place: Place) -> Given:
    return _of_flags([(value, place)])


def _of_flags(values: Iterable[tuple[str, Place]]) -> Given:
    given: dict[str, tuple[Told, ...]] = {}
    for value, place in values:
        for key, flag in _FLAGS.items():
            if words := sysconfig.flags(value, flag):
                given[key] = (*given.get(key, ()), *(Told(word, place) for word in words))
    return given


def daemon(content: bytes, path: str = DAEMON_JSON) -> Said:
    """`daemon.json`."""
    try:
        text = JsonText.parse(content, path)
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)
    if not isinstance(text.value, dict):
        return Said(path, notes=(Note(Place(path), "cannot read it: it is no object"),))
    given: dict[str, tuple[Told, ...]] = {}
    notes: list[Note] = []
    for key, names in _KEYS.items():
        for name in names:
            found = text.get(name)
            if isinstance(found, list):
                given[key] = tuple(_strings(text, name, found, notes))
            elif found is not None:
                notes.append(Note(Place(path, text.line_of(name)), f"left out: {name} is no list"))
    return said(path, given, notes)


def _strings(text: JsonText, name: str, found: Sequence[Any], notes: list[Note]) -> Iterator[Told]:
    for index, item in enumerate(found):
        place = Place(text.source.name, text.line_of(name, index))
        if isinstance(item, str):
            yield Told(item, place)
        else:
            notes.append(Note(place, f"left out: {name} has something that is no text"))


def said(source: str, given: Given, notes: Iterable[Note] = ()) -> Said:
    """What the flags, keys or variables of Docker mean for a site."""
    told = list(notes)
    block = given.get("block")
    search = _searched(given)
    told += _left_out(given)
    return Said(
        source,
        search=search,
        allow=closed(given.get("add"), block or ()),
        block=None if block is None else blocked(block),
        insecure=_insecure(given.get("insecure")),
        mirrors=tuple(_mirrors(given.get("mirror", ()), told)),
        notes=tuple(told),
    )


def _searched(given: Given) -> tuple[Told, ...] | None:
    added, block = given.get("add"), {one.text for one in given.get("block", ())}
    if added is None or HUB in {one.text for one in added} or block & {ALL, PUBLIC, *HUBS}:
        return added
    return (*added, Told(HUB, added[-1].place)) if added else added


def _insecure(told: tuple[Told, ...] | None) -> tuple[Told, ...] | None:
    """dockerd takes a scheme off, and says so in its log."""
    if told is None:
        return None
    return tuple(Told(_SCHEME.sub("", one.text), one.place) for one in told)


def _mirrors(told: Iterable[Told], notes: list[Note]) -> Iterator[ToldMirror]:
    """Docker mirrors Docker Hub only, and writes mirrors as addresses."""
    seen: dict[str, ToldMirror] = {}
    for one in told:
        try:
            address = urlsplit(one.text)
        except ValueError:
            notes.append(Note(one.place, f"left out: mirror {one.text!r} is no address"))
            continue
        if "@" in address.netloc:
            notes.append(Note(one.place, "left out: a mirror with a login in its address"))
            continue
        if address.scheme not in ("http", "https"):
            notes.append(Note(one.place, f"left out: mirror {one.text!r} is no address of the web"))
            continue
        location = f"{address.netloc}{address.path.rstrip('/')}"
        plain = address.scheme == "http"
        known = seen.get(location)
        seen[location] = ToldMirror(
            HUB, location, one.place, insecure=plain or (known is not None and known.insecure)
        )
    yield from seen.values()


def _left_out(given: Given) -> Iterator[Note]:
    for one in given.get("push", ()):
        yield Note(one.place, f"left out: foreign layers may be pushed to {one.text}; this stays")
    for one in given.get("plugin", ()):
        if one.text != OURS:
            yield Note(one.place, f"left out: the authorization plugin {one.text!r}; this stays")

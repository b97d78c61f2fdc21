"""
The gate: a forward proxy through which the Docker daemon fetches, that refuses blocked registries.

A build names its base images where no plugin sees it, but the daemon cannot pull without a connection.
Where its HTTP_PROXY and HTTPS_PROXY are this gate, whatever it pulls for builds, plugins and services
is asked about here too, by host and port: paths are inside of TLS. The daemon shows the reason of a
refusal to its client, since Go reports the status line of a proxy that does not connect.

Two things never come by: registries on a loopback address (Go does not use a proxy for `localhost`
and 127.0.0.0/8), and images that are here already. With only some registries allowed, the servers to
which they send their clients for tokens and blobs have to be allowed too; those of well-known
registries are known (`COMPANIONS`), and so are the mirrors in `daemon.json`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.docker_authz import decision
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile
from wharfinger.oci.reference import HUB
from wharfinger.oci.registry_host import HTTP_PORT, HTTPS_PORT, InvalidRegistry, RegistryHost
from wharfinger.policy.access import ALL, AccessPolicy, AccessVerdict

DAEMON_JSON: Final = "/etc/docker/daemon.json"
HEAD_LIMIT: Final = 64 << 10
CONNECTIONS: Final = 512
"""Any local user can connect; more than these are closed, so that the plugin keeps its descriptors."""
PATIENCE: Final = 30.0
"""Seconds for a request's head, and for the connection to where it goes."""
PIECE: Final = 256 << 10

_RED_HAT: Final = ("sso.redhat.com", *(f"cdn{n}.quay.io" for n in ("", "01", "02", "03")))
COMPANIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "docker.io": (
        "auth.docker.io",
        "production.cloudflare.docker.com",
        "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
    ),
    "ghcr.io": ("pkg-containers.githubusercontent.com",),
    "quay.io": tuple(f"cdn{n}.quay.io" for n in ("", "01", "02", "03", "04", "05", "06")),
    "registry.access.redhat.com": ("access.redhat.com", *_RED_HAT),
    "registry.redhat.io": ("access.redhat.com", *_RED_HAT),
}
"""Where registries send their clients, as their operators say for those who keep firewalls."""

_CONNECT: Final = re.compile(r"CONNECT (?P<server>[^ /?#@]+) HTTP/1\.[01]")
_PLAIN: Final = re.compile(
    r"(?P<method>[A-Z]+) http://(?P<server>[^ /?#@]+)(?P<rest>(?:[/?][^ #]*)?) HTTP/1\.[01]"
)
_MIRROR: Final = re.compile(r"https?://(?P<server>[^/?#]+)")
_OF_THE_HOP: Final = re.compile(
    rb"(?:proxy-)?(?:connection|authorization|authenticate)$", re.IGNORECASE
)


class Asked(NamedTuple):
    """Where a request to the gate goes; `first` is what has to be sent there, empty for a tunnel."""

    server: RegistryHost
    port: int
    first: bytes


def asked(head: bytes) -> Asked | None:
    """Read the head of a request with its empty line; `None` if it is none for a proxy."""
    line, _, fields = head.decode("latin-1").partition("\r\n")
    connect, plain = _CONNECT.fullmatch(line), _PLAIN.fullmatch(line)
    found = connect or plain
    if found is None:
        return None
    try:
        server = RegistryHost.parse(found["server"])
    except InvalidRegistry:
        return None
    if plain is None:
        return None if server.port is None else Asked(_as_named(server), server.port, b"")
    rest = plain["rest"] if plain["rest"].startswith("/") else f"/{plain['rest']}"
    first = f"{plain['method']} {rest} HTTP/1.1\r\n".encode("latin-1")
    return Asked(server, server.port or HTTP_PORT, first + _one_hop(fields.encode("latin-1")))


def decide(
    policy: AccessPolicy, server: RegistryHost, mirrors: Collection[RegistryHost] = ()
) -> AccessVerdict:
    """May the daemon connect there? `mirrors` are those of Docker Hub that it is configured with."""
    verdict = decision.reach(policy, server)
    if verdict.allowed or verdict.rule not in (f"block: {ALL}", "allow"):
        return verdict
    for registry, companions in COMPANIONS.items():
        if server.host in companions or (registry == HUB and server in mirrors):
            there = decision.reach(policy, RegistryHost(registry))
            if there.allowed:
                return there
    return verdict


def mirrors_in(path: str) -> tuple[RegistryHost, ...]:
    """The mirrors in a `daemon.json`; none if there is none to be read.

    https://docs.docker.com/docker-hub/image-library/mirror/
    """
    try:
        document = json.loads(Path(path).read_bytes())
        found = [_MIRROR.match(address) for address in document.get("registry-mirrors") or ()]
        return tuple(_as_named(RegistryHost.parse(one["server"])) for one in found if one)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, InvalidRegistry):
        return ()


def stands_before(daemon: int | None, address: str | None) -> bool:
    """Does the daemon with this process id fetch through the gate at `address`, and only so?

    Its environment tells, which is that from its start: nobody but root can have set it.
    """
    if daemon is None or address is None:
        return False
    try:
        raw = Path(f"/proc/{daemon}/environ").read_bytes()
    except OSError:
        return False
    pairs = (item.partition(b"=") for item in raw.split(b"\0"))
    return is_only_way({name.decode(): value.decode() for name, _, value in pairs}, address)


def is_only_way(environ: Mapping[str, str], address: str) -> bool:
    """Would a Go program with this environment fetch through `address`? Capitals count first."""

    def setting(name: str) -> str:
        return environ.get(name) or environ.get(name.lower()) or ""

    proxies = {setting("HTTP_PROXY"), setting("HTTPS_PROXY")}
    return proxies == {f"http://{address}"} and not setting("NO_PROXY")


class Gate:
    """Serves connections of the daemon."""

    def __init__(self, policy: PolicyFile, daemon_json: str = DAEMON_JSON) -> None:
        self._policy, self._daemon_json = policy, daemon_json
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS:
                await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # one of the two ends has left, which is all that there is to tell
        except asyncio.TimeoutError:
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        request = asked(head)
        if request is None:
            writer.write(_refusal("cannot read what the daemon asks of the gate", tunnel=True))
            return
        reason = self._objection(request.server)
        if reason:
            writer.write(_refusal(reason, tunnel=not request.first))
            return
        try:
            there = await asyncio.wait_for(
                asyncio.open_connection(request.server.address, request.port), PATIENCE
            )
        except (OSError, asyncio.TimeoutError) as error:
            why = f"cannot connect to {request.server}: {_why(error)}"
            writer.write(_refusal(why, tunnel=not request.first, status=502))
            return
        there[1].write(request.first)
        if not request.first:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), there)

    def _objection(self, server: RegistryHost) -> str:
        try:
            verdict = decide(self._policy.current(), server, mirrors_in(self._daemon_json))
        except WharfingerError as error:
            return error.message
        return "" if verdict.allowed else verdict.reason


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(here: Ends, there: Ends) -> None:
    """Carry bytes both ways until the far end has said all."""
    upwards = asyncio.ensure_future(_carry(here[0], there[1]))
    try:
        await _carry(there[0], here[1])
    finally:
        upwards.cancel()
        there[1].close()
        with suppress(asyncio.CancelledError, OSError):
            await upwards


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


def _as_named(server: RegistryHost) -> RegistryHost:
    """Go writes the usual port out; people do not."""
    return RegistryHost(server.host) if server.port == HTTPS_PORT else server


def _why(error: Exception) -> str:
    return str(error) or "no answer"


def _one_hop(fields: bytes) -> bytes:
    """The header for one request: the next may go elsewhere, so it gets a connection of its own."""
    lines = fields.split(b"\r\n")[:-2]
    kept = [line for line in lines if not _OF_THE_HOP.match(line.partition(b":")[0])]
    return b"\r\n".join((*kept, b"Connection: close", b"", b""))


def _refusal(why: str, *, tunnel: bool, status: int = 403) -> bytes:
    """Go shows the words of the status line for a tunnel, the registry's error for plain HTTP."""
    shown = "".join(one if one.isascii() and one.isprintable() else "?" for one in why)
    error = {"errors": [{"code": "DENIED", "message": shown}]}
    content = b"" if tunnel else json.dumps(error).encode()
    words = shown if tunnel else "Refused"
    return (
        f"HTTP/1.1 {status} {words}\r\nContent-Type: application/json\r\n"
        f"Docker-Distribution-Api-Version: registry/2.0\r\n"
        f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content

"""
Load an archive into a Docker daemon that asks our plugin, after holding its names against the policy.

Only root can: the plugin lets a load pass that shows a ticket, and only root can make one.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from wharfinger.errors import Forbidden, Unavailable
from wharfinger.hosts.on_host.docker_authz import asks, ticket
from wharfinger.hosts.on_host.docker_authz.archive import Archive, SavedImage
from wharfinger.hosts.on_host.unix_http import UnixConnection
from wharfinger.policy.access import AccessPolicy

DOCKER: Final = "/var/run/docker.sock"
_ANSWER_LIMIT: Final = 1 << 20


class LoadRefused(Forbidden):
    """The archive has an image that the site does not allow; nothing of it was loaded."""

    code = "load-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot load the archive: {reason}")


class DockerUnavailable(Unavailable):
    code = "docker-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot load into Docker: {reason}")


def load(file: IO[bytes], policy: AccessPolicy, docker: str, tickets: Path) -> tuple[str, ...]:
    """Return the names that were loaded; raise `LoadRefused` before anything is sent."""
    archive = Archive(file)
    if reason := objection(archive.images, policy):
        raise LoadRefused(reason)
    _send(docker, archive.copy(), _ticket(tickets))
    return tuple(name.full() for image in archive.images for name in image.names)


def objection(images: Iterable[SavedImage], policy: AccessPolicy) -> str:
    """Why the archive may not be loaded; empty if it may."""
    for image in images:
        if not image.names and policy.closed:
            return "it has an image without a name, and site rules allow named registries only"
        for name in image.names:
            verdict = policy.decide(name)
            if not verdict.allowed:
                return f"{verdict.image}: {verdict.reason}"
    return ""


def _ticket(folder: Path) -> str:
    try:
        return ticket.make(folder)
    except OSError as error:
        raise DockerUnavailable(f"{folder}: {error.strerror}; root has to do this") from None


def _send(docker: str, content: Iterable[bytes], name: str) -> None:
    daemon = UnixConnection(docker)
    headers = {
        "Content-Type": "application/x-tar",
        "Transfer-Encoding": "chunked",
        asks.LOAD_TICKET: name,
    }
    try:
        daemon.request("POST", "/images/load?quiet=1", content, headers, encode_chunked=True)
        answer = daemon.getresponse()
        text = answer.read(_ANSWER_LIMIT).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise DockerUnavailable(str(error) or type(error).__name__) from None
    finally:
        daemon.close()
    if said := complaint(answer.status, text):
        raise DockerUnavailable(said)


def complaint(status: int, text: str) -> str:
    """The daemon answers a bad archive with 200, and tells of it in the stream."""
    for line in text.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        told = document.get("error") or (status != http.client.OK and document.get("message"))
        if told:
            return str(told)
    return "" if status == http.client.OK else f"it answered {status}"

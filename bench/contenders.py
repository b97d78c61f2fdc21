"""The two registries under measurement, each in a state directory of its own on the same disk."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.report import OURS, THEIRS
from e2e import machine
from e2e.machine import Process
from e2e.wharf import Wharf

PROJECT = "bench"
PEER_VERSION = "2.8.2"


@dataclass(frozen=True, slots=True)
class Contender:
    """A registry that is running: plain HTTP on loopback for both."""

    name: str
    port: int
    password: str | None  # None: it lets everybody do everything

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def authorization(self, repository: str) -> str | None:
        """The header that a client sends once it has been through the token endpoint."""
        if self.password is None:
            return None
        scope = urllib.parse.quote(f"repository:{repository}:pull,push")
        request = urllib.request.Request(f"{self.url}/oauth/token?scope={scope}&service=bench")
        basic = base64.b64encode(f"bench:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {basic}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return f"Bearer {json.load(answer)['token']}"


@contextmanager
def running(folder: Path) -> Iterator[tuple[Contender, Contender]]:
    """Start both, ours first in the pair; end both."""
    with ExitStack() as stack:
        yield stack.enter_context(_ours(folder)), stack.enter_context(_theirs(folder))


@contextmanager
def _ours(folder: Path) -> Iterator[Contender]:
    wharf = Wharf(folder / "wharfinger", tls=False)
    wharf.start()
    try:
        token = wharf.admin_token()
        _make_project(wharf, token)
        yield Contender(OURS, wharf.port, token)
    finally:
        wharf.stop()


def _make_project(wharf: Wharf, token: str) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROJECT}}
    request = urllib.request.Request(
        f"{wharf.url}/api/v1/namespaces",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def _theirs(folder: Path) -> Iterator[Contender]:
    program = machine.need("docker-registry")
    version = subprocess.run((program, "--version"), capture_output=True, text=True, check=True)
    if re.search(rf"\b{re.escape(PEER_VERSION)}\b", version.stdout) is None:
        print(f"note: measured against {version.stdout.strip()}, not {PEER_VERSION}")
    port = machine.free_port()
    # JSON is YAML. Deletion on, as ours has it; logs at errors only, so that they cost nothing.
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "docker-registry")},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    settings = folder / "docker-registry.yml"
    settings.write_text(json.dumps(config))
    process = Process(program, "serve", settings, log=folder / "docker-registry.log")
    contender = Contender(THEIRS, port, None)
    try:
        machine.eventually("docker-registry", lambda: _answers(contender))
        yield contender
    finally:
        process.stop()


def _answers(contender: Contender) -> bool | None:
    try:
        with urllib.request.urlopen(f"{contender.url}/v2/", timeout=5):
            return True
    except OSError:
        return None

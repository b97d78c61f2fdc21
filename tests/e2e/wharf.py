"""A real server: `wharf up` as its users start it, on a port and a state directory of its own."""

from __future__ import annotations

import re
import ssl
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from e2e import machine
from e2e.machine import Process

WHARF = Path(sys.executable).parent / "wharf"


@dataclass(slots=True)
class Wharf:
    """One installation: its state outlives the processes that serve it."""

    state: Path
    port: int = field(default_factory=machine.free_port)
    tls: bool = True
    flags: tuple[str, ...] = ()
    process: Process | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "admin.kubeconfig"

    @property
    def authority(self) -> Path:
        return self.state / "ca.crt"

    @property
    def log(self) -> Path:
        return self.state.with_name(f"{self.state.name}.log")

    def start(self) -> None:
        """Start and return once the server says that it is ready."""
        self.launch()
        machine.eventually("the server to be ready", self.ready)

    def launch(self) -> None:
        """Start and return at once."""
        plain = () if self.tls else ("--no-tls",)
        command = (WHARF, "up", "--state", self.state, "--listen", self.host, *plain, *self.flags)
        self.process = Process(*command, log=self.log)

    def ready(self) -> bool | None:
        assert self.process is not None
        if not self.process.alive:
            pytest.fail(f"the server ended early:\n{self.process.output()}")
        try:
            with self.fetch("/readyz") as answer:
                return True if answer.status == 200 else None
        except OSError:
            return None

    def fetch(self, path: str) -> HTTPResponse | urllib.error.HTTPError:
        request = urllib.request.Request(self.url + path)
        try:
            answer: HTTPResponse = urllib.request.urlopen(
                request, timeout=5, context=self.context()
            )
            return answer
        except urllib.error.HTTPError as error:
            return error

    def context(self) -> ssl.SSLContext | None:
        if not self.tls or not self.authority.exists():
            return None
        return ssl.create_default_context(cafile=str(self.authority))

    def stop(self) -> int:
        assert self.process is not None
        return self.process.stop()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def admin_token(self) -> str:
        """The administrator's bearer token, as a client reads it from the kubeconfig."""
        config = YAML(typ="safe").load(self.kubeconfig.read_text())
        return str(config["users"][0]["user"]["token"])

    def peak_memory(self) -> int:
        """The most memory that the serving process has held resident so far, in bytes."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        assert match is not None
        return int(match[1]) * 1024

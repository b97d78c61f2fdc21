"""A real Docker daemon with our plugin, and three real registries of which one is blocked."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trustme

from e2e import images, machine
from e2e.apart import Apart
from e2e.machine import Done, Process

ALLOWED, BLOCKED = "allowed.test:5000", "blocked.test:5001"
SECURE = "secure.test:5002"
"""Allowed too, and the only one with TLS."""
POLICY: Mapping[str, Any] = {"allow": [ALLOWED, SECURE], "block": ["all"]}
GATE = "127.0.0.1:3190"
WHARF = machine.ROOT / ".venv" / "bin" / "wharf"


class Registry:
    """Debian's docker-registry, with TLS if `tls` has the files for it; its log is what it was asked."""

    def __init__(self, apart: Apart, port: int, tls: Mapping[str, str] | None = None) -> None:
        name = f"registry-{port}"
        settings = {
            "version": 0.1,
            "log": {"accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(apart.folder / name)}},
            "http": {"addr": f"127.0.0.1:{port}", **({} if tls is None else {"tls": tls})},
        }
        file = apart.folder / f"{name}.yml"
        file.write_text(json.dumps(settings))
        self._process = apart.start(
            machine.need("docker-registry"),
            "serve",
            file,
            name=name,
            environ={"OTEL_TRACES_EXPORTER": "none"},
        )
        output = self._process.output
        machine.eventually(output, lambda: True if "listening on" in output() else None)

    @property
    def requests(self) -> int:
        """How many requests it has had."""
        return sum('HTTP/1.1"' in line for line in self._process.output().splitlines())


class GuardedDocker:
    """The daemon asks the plugin from its start; if `gated`, it fetches through the plugin's gate."""

    def __init__(self, folder: Path, *, gated: bool = True) -> None:
        names = ("allowed.test", "blocked.test", "elsewhere.test", "secure.test")
        self.apart = Apart(folder, names)
        self.folder = folder
        self.policy = folder / "access.json"
        self.plugin_socket = "/run/docker/plugins/wharfinger.sock"
        self.set_policy(POLICY)
        self.allowed, self.blocked = Registry(self.apart, 5000), Registry(self.apart, 5001)
        self.secure = Registry(self.apart, 5002, self._certificates())
        self.plugin = self.start_plugin()
        self.socket = folder / "docker.sock"
        self.daemon = self._start_daemon(gated)

    def _certificates(self) -> dict[str, str]:
        """What the registry with TLS shows; the daemon trusts the authority behind it."""
        authority = trustme.CA()
        shown = authority.issue_cert("secure.test")
        files = {"certificate": self.folder / "secure.crt", "key": self.folder / "secure.key"}
        shown.cert_chain_pems[0].write_to_path(files["certificate"])
        shown.private_key_pem.write_to_path(files["key"])
        trusted = f"/etc/docker/certs.d/{SECURE}"
        self.apart.run("mkdir", "-p", trusted).check()
        pem = authority.cert_pem.bytes()
        self.apart.run("tee", f"{trusted}/ca.crt", given=pem).check()
        return {name: str(path) for name, path in files.items()}

    def set_policy(self, policy: Mapping[str, Any]) -> None:
        new = self.folder / "access.new"
        new.write_text(json.dumps(policy))
        new.chmod(0o644)
        new.rename(self.policy)

    def start_plugin(self) -> Process:
        words = ("docker-authz", f"--policy={self.policy}", f"--gate={GATE}")
        process = self.apart.start(WHARF, *words, name="plugin")
        machine.eventually("the plugin", lambda: "deciding by" in process.output() or None)
        return process

    def _start_daemon(self, gated: bool) -> Process:
        settings = {
            "authorization-plugins": ["wharfinger"],
            "bridge": "none",
            "data-root": str(self.folder / "data"),
            "exec-root": str(self.folder / "exec"),
            "hosts": [f"unix://{self.socket}"],
            "insecure-registries": [ALLOWED, BLOCKED],
            "iptables": False,
            "pidfile": str(self.folder / "docker.pid"),
        }
        file = self.folder / "daemon.json"
        file.write_text(json.dumps(settings))
        gate = f"http://{GATE}" if gated else ""
        environ = {
            "HTTP_PROXY": gate,
            "HTTPS_PROXY": gate,
            "NO_PROXY": "",
            "http_proxy": "",
            "https_proxy": "",
            "no_proxy": "",
        }
        process = self.apart.start(
            machine.need("dockerd"), f"--config-file={file}", name="dockerd", environ=environ
        )
        machine.eventually(process.output, self._ready, seconds=60)
        return process

    def _ready(self) -> bool | None:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return True if b" 200 OK" in probe.recv(64) else None
            except OSError:
                return None

    def docker(
        self, program: Path, *words: str | Path, given: str | bytes | None = None, **environ: str
    ) -> Done:
        where = {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.folder / "config"),
        }
        return self.apart.run(program, *words, given=given, environ={**where, **environ})

    def seed(self, program: Path) -> None:
        """Bring one image to all registries and keep an archive of each, before any rule is there."""
        rules = json.loads(self.policy.read_text())
        self.set_policy({"allow": None, "block": []})
        context = self.folder / "context"
        context.mkdir()
        (context / "rootfs.tar").write_bytes(images.root_file_system())
        (context / "Dockerfile").write_text("FROM scratch\nADD rootfs.tar /\n")
        for registry in (ALLOWED, BLOCKED, SECURE):
            name = f"{registry}/app:1"
            self.docker(program, "build", "-t", name, context, DOCKER_BUILDKIT="0").check()
            self.docker(program, "push", name).check()
            self.docker(program, "save", "-o", self.archive(registry), name).check()
        self.docker(program, "rmi", f"{BLOCKED}/app:1", f"{SECURE}/app:1").check()
        self.set_policy(rules)

    def archive(self, registry: str) -> Path:
        return self.folder / f"{registry.partition('.')[0]}.tar"

    def stop(self) -> None:
        self.apart.stop()

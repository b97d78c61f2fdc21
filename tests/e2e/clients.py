"""The stock clients, each with its credentials and storage in a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e import machine
from e2e.docker_daemon import DockerDaemon
from e2e.machine import Done
from e2e.wharf import Wharf

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


KUBECTLS = ("1.35", "1.20")
"""The generations of kubectl that we promise to serve, the newest first."""

DOCKERS: dict[str, tuple[Path, ...]] = {
    "docker-20.10": (Path("/usr/bin/docker"),),
    "docker-newer": (Path("/usr/local/bin/docker"), machine.TOOLS / "docker-new" / "docker"),
}
"""Debian's Docker client and one of another generation, by the places where they may be."""


def docker_client(name: str) -> Path:
    for path in DOCKERS[name]:
        if path.exists():
            return path
    raise machine.missing(name)


@dataclass(frozen=True, slots=True)
class Docker:
    program: Path | str
    daemon: DockerDaemon
    config: Path

    def __call__(self, *words: str | Path, given: str | bytes | None = None) -> Done:
        host = f"unix://{self.daemon.socket}"
        environ = {"DOCKER_CONFIG": str(self.config), "DOCKER_HOST": host}
        return machine.run(self.program, *words, given=given, environ=environ, seconds=300)

    def login(self, registry: str, password: str, *, user: str = "anyone") -> Done:
        return self("login", "--username", user, "--password-stdin", registry, given=password)

    def forget(self, image: str) -> None:
        """Take an image and its layers away, so that a pull has to bring them."""
        (found,) = json.loads(self("image", "inspect", image).check())
        self("rmi", "--force", found["Id"]).check()

    def pushed_digest(self, pushed: Done) -> str:
        found = _DIGEST.findall(pushed.check())
        assert found, f"docker push named no digest:\n{pushed.out}"
        return str(found[-1])


@dataclass(frozen=True, slots=True)
class Podman:
    """Rootful, with its own image store and the server's authority as the only one it trusts."""

    folder: Path
    wharf: Wharf

    def __call__(self, *words: str | Path, given: str | bytes | None = None) -> Done:
        places = (f"--root={self.folder / 'store'}", f"--runroot={self.folder / 'run'}")
        command = (machine.need("podman"), *places, "--storage-driver=vfs", *words)
        return machine.run(*command, given=given, environ=self._environ(), seconds=300)

    def login(self, password: str) -> Done:
        return self(
            "login",
            f"--cert-dir={certificates(self.folder, self.wharf)}",
            "--username=anyone",
            "--password-stdin",
            self.wharf.host,
            given=password,
        )

    def push(self, image: str) -> Done:
        return self("push", f"--cert-dir={certificates(self.folder, self.wharf)}", image)

    def pull(self, image: str) -> Done:
        return self("pull", f"--cert-dir={certificates(self.folder, self.wharf)}", image)

    def _environ(self) -> dict[str, str]:
        return {"REGISTRY_AUTH_FILE": str(self.folder / "auth.json")}


@dataclass(frozen=True, slots=True)
class Skopeo:
    folder: Path
    wharf: Wharf
    password: str

    def copy(self, source: str, target: str, *options: str) -> Done:
        sides = []
        for side, name in (("src", source), ("dest", target)):
            if name.startswith("docker://"):
                sides += [f"--{side}-cert-dir={certificates(self.folder, self.wharf)}"]
                sides += [f"--{side}-creds=anyone:{self.password}"]
        command = (machine.need("skopeo"), "copy", *options, *sides, source, target)
        return machine.run(*command, seconds=300)

    def inspect(self, name: str, *options: str) -> Done:
        access = (
            f"--cert-dir={certificates(self.folder, self.wharf)}",
            f"--creds=anyone:{self.password}",
        )
        return machine.run(machine.need("skopeo"), "inspect", *options, *access, name)


def certificates(folder: Path, wharf: Wharf) -> Path:
    """A certificate folder in the form that the containers tools read."""
    target = folder / "certs"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(wharf.authority, target / "ca.crt")
    return target


@dataclass(frozen=True, slots=True)
class Kubectl:
    program: Path
    kubeconfig: Path
    home: Path

    @property
    def old(self) -> bool:
        return "1.20" in str(self.program)

    def __call__(self, *words: str | Path, given: str | None = None) -> Done:
        return machine.run(*self._command(words), given=given, environ={"HOME": str(self.home)})

    @contextmanager
    def watching(self, *words: str) -> Iterator[Path]:
        """Run `kubectl get --watch` in the background; its lines go to the file that is given."""
        self.home.mkdir(parents=True, exist_ok=True)
        lines = self.home / "watch.log"
        lines.unlink(missing_ok=True)
        command = self._command(("get", *words, "--watch", "--output-watch-events"))
        process = machine.Process(*command, log=lines, environ={"HOME": str(self.home)})
        try:
            yield lines
        finally:
            process.stop(seconds=5)

    def token(self, namespace: str, account: str) -> str:
        """A token of a service account, in the way that this generation of kubectl knows."""
        if not self.old:
            return self("-n", namespace, "create", "token", account).check().strip()
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": f"{account}-long-lived",
                "annotations": {"kubernetes.io/service-account.name": account},
            },
        }
        self("-n", namespace, "apply", "-f", "-", given=json.dumps(secret)).check()
        path = "go-template={{with .data}}{{.token | base64decode}}{{end}}"
        get = ("-n", namespace, "get", "secret", f"{account}-long-lived", "-o", path)
        return machine.eventually("the token", lambda: self(*get).check().strip() or None)

    def _command(self, words: tuple[str | Path, ...]) -> tuple[str | Path, ...]:
        return (self.program, f"--kubeconfig={self.kubeconfig}", *words)


def kubectl(generation: str, wharf: Wharf, home: Path) -> Kubectl:
    """The administrator's kubectl of a generation, with what it remembers in `home`."""
    program = machine.TOOLS / f"kubectl-{generation}" / "kubectl"
    if not program.exists():
        raise machine.missing(f"kubectl {generation}")
    return Kubectl(program, wharf.kubeconfig, home)


def with_token(kubeconfig: Path, token: str, target: Path) -> Path:
    """The same server as in `kubeconfig`, for the holder of `token`."""
    kubectl = (machine.TOOLS / "kubectl-1.35" / "kubectl", f"--kubeconfig={target}", "config")
    target.write_text(kubeconfig.read_text())
    target.chmod(0o600)
    for words in (
        ("set-credentials", "holder", f"--token={token}"),
        ("set-context", "--current", "--user=holder"),
    ):
        subprocess.run((*kubectl, *words), check=True, capture_output=True)
    return target

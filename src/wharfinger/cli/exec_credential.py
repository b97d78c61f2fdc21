"""
Credentials that another program makes: the `exec` of a user in a kubeconfig.

The program is told on what it is asked in `KUBERNETES_EXEC_INFO` and prints an `ExecCredential`
with a token or a client certificate. It is kept until it expires or the server turns it down, and
of many requests that need a fresh one at the same time, one runs the program.
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from asyncio import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wharfinger.cli import client
from wharfinger.cli.errors import InvalidKubeconfig
from wharfinger.cli.kubeconfig import Context, Found, Identity, text
from wharfinger.maintenance.api import ApiFault, ApiRefused
from wharfinger.maintenance.kube.server import Proof

VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
MOST_SECONDS: Final = 300.0
"""A person may have to log in with a browser meanwhile."""
EARLY: Final = timedelta(seconds=10)
"""A proof is renewed so long before it expires: a request takes its time."""

_MODES: Final = ("Never", "IfAvailable", "Always")
_EXTENSION: Final = "client.authentication.k8s.io/exec"
"""The extension of a cluster that is passed on as its `config`."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """How the program is run."""

    command: tuple[str, ...]
    version: str
    environment: Mapping[str, str] = field(repr=False)
    mode: str = "IfAvailable"
    hint: str = ""
    cluster: Mapping[str, Any] | None = None
    """What it is told of the cluster; None: nothing."""


def read(found: Found, environment: Mapping[str, str]) -> Plugin:
    """Of the user of a context that has one."""
    assert found.user is not None
    file, entry = found.user
    settings = entry["exec"]
    if not isinstance(settings, dict) or not text(settings, "command"):
        raise InvalidKubeconfig(f"cannot read 'exec' of a user in {file.path}: it has no command")
    version, command = text(settings, "apiVersion"), text(settings, "command")
    if version not in VERSIONS:
        raise InvalidKubeconfig(
            f"cannot use 'exec' of a user in {file.path}: its apiVersion is {version!r}",
            remedy=f"known: {', '.join(VERSIONS)}; newer versions of {command} have one of them",
        )
    mode = text(settings, "interactiveMode") or ("IfAvailable" if version == VERSIONS[1] else "")
    if mode not in _MODES:
        raise InvalidKubeconfig(
            f"cannot use 'exec' of a user in {file.path}: its interactiveMode is {mode!r}",
            remedy=f"known: {', '.join(_MODES)}",
        )
    # A path counts from the file that names it; a bare name is looked for in PATH.
    program = str((file.path.parent / command).absolute()) if "/" in command else command
    arguments = [one for one in settings.get("args") or () if isinstance(one, str)]
    more = {
        text(one, "name"): text(one, "value")
        for one in settings.get("env") or ()
        if isinstance(one, dict)
    }
    told = settings.get("provideClusterInfo") is True
    return Plugin(
        (program, *arguments),
        version,
        {**environment, **more},
        mode,
        text(settings, "installHint"),
        _cluster(found) if told else None,
    )


def _cluster(found: Found) -> dict[str, Any]:
    context, (_, entry) = found.context, found.cluster
    told: dict[str, Any] = {"server": context.server}
    if context.tls_name is not None:
        told["tls-server-name"] = context.tls_name
    if context.insecure:
        told["insecure-skip-tls-verify"] = True
    if context.authority is not None:
        told["certificate-authority-data"] = base64.b64encode(context.authority).decode()
    if proxy := text(entry, "proxy-url"):
        told["proxy-url"] = proxy
    for extension in entry.get("extensions") or ():
        if isinstance(extension, dict) and extension.get("name") == _EXTENSION:
            told["config"] = extension.get("extension")
    return told


@dataclass(frozen=True, slots=True)
class _Held:
    proof: Proof
    until: datetime | None


class ExecCredential:
    """Raises `ApiRefused` where the program cannot be run, and `ApiFault` where it fails."""

    def __init__(
        self,
        plugin: Plugin,
        context: Context,
        *,
        timeout: float = MOST_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._plugin, self._context = plugin, context
        self._timeout, self._now = timeout, now
        self._held: _Held | None = None
        self._one = asyncio.Lock()

    async def proof(self, refused: Proof | None = None) -> Proof:
        async with self._one:
            held = self._held
            if held is None or held.proof is refused or self._expired(held):
                held = self._held = self._understood(await self._printed())
            return held.proof

    def _expired(self, held: _Held) -> bool:
        return held.until is not None and self._now() >= held.until - EARLY

    async def _printed(self) -> bytes:
        plugin, name = self._plugin, self._plugin.command[0]
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if plugin.mode == "Always" and not terminal:
            raise ApiRefused(
                f"cannot ask {name} who we are: it wants a terminal, and there is none",
                status=0,
                remedy="use a context whose credential needs no person",
            )
        interactive = terminal and plugin.mode != "Never"
        try:
            process = await asyncio.create_subprocess_exec(
                *plugin.command,
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={**plugin.environment, "KUBERNETES_EXEC_INFO": self._question(interactive)},
            )
        except OSError as error:
            raise ApiRefused(
                f"cannot run {name}, which says who we are: {error.strerror}",
                status=0,
                remedy=plugin.hint or "install it, or use another context",
            ) from error
        try:
            async with asyncio.timeout(self._timeout):
                printed, _ = await process.communicate()
        except TimeoutError as error:
            raise ApiFault(
                f"cannot wait for {name} to say who we are: {self._timeout:g} s are over"
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise ApiFault(f"cannot tell who we are: {name} ended with code {process.returncode}")
        return printed

    def _question(self, interactive: bool) -> str:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._plugin.cluster is not None:
            spec["cluster"] = self._plugin.cluster
        return json.dumps(
            {"apiVersion": self._plugin.version, "kind": "ExecCredential", "spec": spec},
            default=str,  # YAML has dates
        )

    def _understood(self, printed: bytes) -> _Held:
        """No error quotes what was printed, for it is a secret."""
        name = self._plugin.command[0]
        try:
            document = json.loads(printed)
            version, status = document["apiVersion"], document["status"]
            ends = status.get("expirationTimestamp")
            until = datetime.fromisoformat(ends).astimezone(UTC) if ends else None
            identity = Identity(
                token=text(status, "token"),
                certificate=text(status, "clientCertificateData").encode(),
                key=text(status, "clientKeyData").encode(),
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise ApiRefused(
                f"cannot understand {name}: it printed no ExecCredential", status=0
            ) from None
        if version != self._plugin.version:
            raise ApiRefused(
                f"cannot use what {name} printed: it is of {version!r}, not {self._plugin.version}",
                status=0,
            )
        if not identity.token and not (identity.certificate and identity.key):
            raise ApiRefused(
                f"cannot use what {name} printed: it has no token and no certificate with its key",
                status=0,
            )
        return _Held(self._shown(identity), until)

    def _shown(self, identity: Identity) -> Proof:
        trust = None
        if identity.certificate:
            trust = client.trust_of(replace(self._context, identity=identity))
        return Proof(client.authorization(identity), trust)

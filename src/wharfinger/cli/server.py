"""
`wharf up`, `wharf status` and `wharf down`: one server to a state directory.

The server itself is imported only by the command that runs it, so that every other command
starts quickly. What `up` prints names files that hold secrets, and never a secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Group, Parameter

from wharfinger import __version__
from wharfinger.cli import background
from wharfinger.cli.background import Running
from wharfinger.cli.errors import TimedOut
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.terminal import note, say
from wharfinger.server import settings as server_settings
from wharfinger.server.layout import Layout
from wharfinger.server.settings import Settings
from wharfinger.system.lock import holder
from wharfinger.system.processes import terminate

_MARGIN_SECONDS = 20  # beyond the grace of requests: closing stores, cutting what is left

TlsGroup = Group("TLS options", sort_key=10)
StateOption = Annotated[Path | None, Parameter(show_default=False)]
ConfigOption = Annotated[Path | None, Parameter(show_default=False)]


def up(
    *,
    listen: str | None = None,
    state: StateOption = None,
    config: ConfigOption = None,
    name: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    htpasswd: Path | None = None,
    drain_seconds: int | None = None,
    audit: Annotated[bool, Parameter(negative=())] = False,
    image_policy: Path | None = None,
    import_policy: Path | None = None,
    import_inside: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    detach: Annotated[bool, Parameter(negative=())] = False,
    tls_cert: Annotated[Path | None, Parameter(group=TlsGroup)] = None,
    tls_key: Annotated[Path | None, Parameter(group=TlsGroup)] = None,
    no_tls: Annotated[bool, Parameter(group=TlsGroup, negative=())] = False,
) -> None:
    """Start the server and print what to do next.

    Each setting can also stand in the environment (WHARF_LISTEN) and in the file that --config
    names (`listen = "…"`); a flag wins over the environment, and the environment over the file.

    Parameters
    ----------
    listen
        Address and port to listen on [default: 127.0.0.1:5000].
    state
        Directory for everything that is kept [default: /var/lib/wharfinger for root, else
        $XDG_STATE_HOME/wharfinger].
    config
        TOML file with settings.
    name
        Further host name or address that clients reach the server by; may be repeated.
    htpasswd
        File with users and their bcrypt or argon2 hashes.
    drain_seconds
        How long requests may take to finish when the server is asked to end [default: 30].
    audit
        Keep who did what over the object API in `audit.log` of the state directory.
    image_policy
        File that says which images may run: an ImagePolicyConfig, or the master-config.yaml that
        has it in it.
    import_policy
        File that says from where images may be imported, and how: the `imagePolicyConfig` of a
        master-config.yaml, or the whole of it.
    import_inside
        Network that is not public and may be imported from, such as 10.0.0.0/8; may be repeated.
    detach
        Go on in the background once the server is ready.
    tls_cert
        Certificate to show instead of one from our own authority, its chain after it.
    tls_key
        The key of that certificate.
    no_tls
        Speak plain HTTP; only on a loopback address.
    """
    flags = {
        "listen": listen,
        "state": state,
        "config": config,
        "names": list(name) or None,
        "htpasswd": htpasswd,
        "drain_seconds": drain_seconds,
        "audit": audit or None,
        "image_policy": image_policy,
        "import_policy": import_policy,
        "import_inside": list(import_inside) or None,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "no_tls": no_tls or None,
    }
    settings = server_settings.load(flags, os.environ)
    if detach:
        say(next_steps(settings, background.start(settings).url))
        return
    from wharfinger.server import lifecycle

    lifecycle.run(settings, ready=lambda url: print(next_steps(settings, url), flush=True))


def status(
    *, state: StateOption = None, config: ConfigOption = None, output: Output = OUTPUT
) -> int:
    """Say whether the server runs and is ready: 0 if it is, 1 if it does not run or is not ready.

    Parameters
    ----------
    state
        State directory of the server.
    config
        TOML file with settings, as for `wharf up`.
    """
    settings = server_settings.load({"state": state, "config": config}, os.environ)
    found = background.look(settings)
    if output.format in (Format.JSON, Format.YAML):
        from wharfinger.cli import output as documents  # slow to import, and rarely needed

        documents.show(found.document(), output.format, columns=(), kind="")
    else:
        say(described(found, settings))
    return ExitCode.OK if found.ready else ExitCode.ERROR


def down(*, state: StateOption = None, config: ConfigOption = None) -> None:
    """Ask the server to end, and wait until it has.

    Parameters
    ----------
    state
        State directory of the server.
    config
        TOML file with settings, as for `wharf up`.
    """
    settings = server_settings.load({"state": state, "config": config}, os.environ)
    pid = holder(Layout(settings.state).lock)
    if pid is None:
        note(f"no server runs on {settings.state}")
        return
    seconds = settings.drain_seconds + _MARGIN_SECONDS
    if not terminate(pid, seconds=seconds):
        raise TimedOut(f"process {pid} to end", seconds)
    say(f"stopped process {pid}")


def next_steps(settings: Settings, url: str) -> str:
    """What to type first; files that hold secrets are named and never shown."""
    layout = Layout(settings.state)
    host = urlsplit(url).netloc
    lines = [
        f"Wharfinger {__version__} is ready at {url}",
        "",
        "Administer it with kubectl or wharf:",
        f"  export KUBECONFIG={layout.kubeconfig}",
        "  wharf project create demo",
        "Log in, then push:",
        f"  wharf token create builder -n demo | docker login -u builder --password-stdin {host}",
        f"  docker tag IMAGE {host}/demo/IMAGE && docker push {host}/demo/IMAGE",
        f"A page that says the same: {url}/console/",
    ]
    if settings.tls and settings.tls_cert is None and not settings.listen.loopback:
        port = urlsplit(url).port or 443
        lines.append(
            f"Other machines must trust {layout.authority_certificate}; Docker takes it as "
            f"/etc/docker/certs.d/NAME:{port}/ca.crt, NAME being what they call this one"
        )
    return "\n".join(lines)


def described(found: Running, settings: Settings) -> str:
    """The state of a server, for a person."""
    if found.pid is None:
        return f"no server runs on {settings.state}"
    if not found.url:
        return f"process {found.pid} is starting or ending"
    lines = [f"process {found.pid} serves {found.url} (version {found.version})"]
    if found.checks is None:
        return "\n".join((*lines, "it does not answer"))
    lines += [f"  {'ok    ' if ok else 'FAILED'}  {name}" for name, ok in found.checks.items()]
    return "\n".join((*lines, "ready" if found.ready else "not ready"))

"""
What a server is told, from a TOML file, the environment and flags; the later one wins.

Each setting has one name in three spellings: `tls_cert` in the file, `WHARF_TLS_CERT` in the
environment, `--tls-cert` as a flag. They arrive here as text or as TOML values and leave as
`Settings`, whose existence says that they make sense together. Unknown keys of the file are
refused, since a misspelt setting that does nothing is worse than none.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from wharfinger.errors import BadInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_LISTEN = "127.0.0.1:5000"
DEFAULT_DRAIN_SECONDS = 30
PREFIX = "WHARF_"
_HOST_NAME = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


class BadSettings(BadInput):
    code = "bad-settings"


@dataclass(frozen=True, slots=True)
class Listen:
    """`ADDRESS:PORT`, with brackets around IPv6; `localhost` is the one name that is taken."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        host, colon, port = text.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise _bad("listen", text, "write it as ADDRESS:PORT, such as 127.0.0.1:5000")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise _bad("listen", text, "put brackets around an IPv6 address: [::1]:5000")
        if host == "localhost":
            host = "127.0.0.1"
        try:
            return cls(str(ipaddress.ip_address(host)), int(port))
        except ValueError:
            raise _bad("listen", text, "the part before the port must be an IP address") from None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def unspecified(self) -> bool:
        return ipaddress.ip_address(self.host).is_unspecified


@dataclass(frozen=True, slots=True)
class Settings:
    state: Path
    listen: Listen = Listen("127.0.0.1", 5000)
    tls: bool = True
    tls_cert: Path | None = None  # None: from our own authority in the state directory
    tls_key: Path | None = None
    names: tuple[str, ...] = ()  # further names that clients reach us by
    htpasswd: Path | None = None
    drain_seconds: int = DEFAULT_DRAIN_SECONDS
    audit: bool = False  # whether requests to the object API are kept in the audit log
    image_policy: Path | None = None  # which images may run; None: all
    import_policy: Path | None = None  # `imagePolicyConfig`; None: its defaults
    import_inside: tuple[Network, ...] = ()  # networks that are not public and may be imported from

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    def environment(self) -> dict[str, str]:
        """The same settings as variables, for a process that we start."""
        values = {
            "state": str(self.state),
            "listen": str(self.listen),
            "no_tls": "false" if self.tls else "true",
            "tls_cert": str(self.tls_cert or ""),
            "tls_key": str(self.tls_key or ""),
            "names": ",".join(self.names),
            "htpasswd": str(self.htpasswd or ""),
            "drain_seconds": str(self.drain_seconds),
            "audit": "true" if self.audit else "false",
            "image_policy": str(self.image_policy or ""),
            "import_policy": str(self.import_policy or ""),
            "import_inside": ",".join(map(str, self.import_inside)),
            "config": "",
        }
        return {variable(name): value for name, value in values.items()}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Read the file that flags or environment name, and lay the three over each other."""
    from_environment = {
        name: value
        for name in (*_READERS, "config")
        if (value := environment.get(variable(name))) not in (None, "")
    }
    from_flags = {name: value for name, value in flags.items() if value is not None}
    above = from_environment | from_flags
    config = above.pop("config", None)
    from_file = _read(Path(str(config))) if config is not None else {}
    values = {name: _READERS[name](name, value) for name, value in (from_file | above).items()}
    return _settle(values, environment)


def default_state(environment: Mapping[str, str], *, root: bool) -> Path:
    """`/var/lib/wharfinger` for root, else below the user's XDG state directory."""
    if root:
        return Path("/var/lib/wharfinger")
    home = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "wharfinger"


def _settle(values: dict[str, Any], environment: Mapping[str, str]) -> Settings:
    no_tls = values.pop("no_tls", False)
    values.setdefault("state", default_state(environment, root=os.geteuid() == 0))
    settings = Settings(tls=not no_tls, **values)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise BadSettings(
            "cannot use a certificate without its key, or a key without its certificate",
            remedy="give both --tls-cert and --tls-key, or neither",
        )
    if no_tls and settings.tls_cert is not None:
        raise BadSettings(
            "cannot use --tls-cert together with --no-tls", remedy="give one of the two"
        )
    if no_tls and not settings.listen.loopback:
        raise BadSettings(
            f"cannot serve without TLS on {settings.listen}: tokens would cross the network in clear",
            remedy="leave out --no-tls, or listen on 127.0.0.1",
        )
    return settings


def _read(config: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(config.read_text())
    except OSError as error:
        raise BadSettings(f"cannot read the settings in {config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"cannot read the settings in {config}: {error}") from error
    if unknown := sorted(values.keys() - _READERS.keys()):
        raise BadSettings(
            f"cannot use the settings in {config}: unknown key {unknown[0]!r}",
            remedy="known keys are " + ", ".join(_READERS),
        )
    return values


def _listen(name: str, value: Any) -> Listen:
    return Listen.parse(_text(name, value))


def _path(name: str, value: Any) -> Path:
    return Path(_text(name, value)).expanduser().absolute()


def _flag(name: str, value: Any) -> bool:
    spelled = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    flag = spelled.get(str(value).lower())
    if flag is None:
        raise _bad(name, value, "write true or false")
    return flag


def _names(name: str, value: Any) -> tuple[str, ...]:
    """A list, or text with commas; an empty list is a valid one."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise _bad(name, value, "write a list of host names and addresses")
    names = tuple(_text(name, part).strip() for part in parts)
    for each in names:
        if not _is_host(each):
            raise _bad(name, each, "write a host name or an IP address, without a port")
    return names


def _networks(name: str, value: Any) -> tuple[Network, ...]:
    """A list, or text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise _bad(name, value, "write a list of networks, such as 10.0.0.0/8")
    return tuple(_network(name, _text(name, part).strip()) for part in parts)


def _network(name: str, text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise _bad(name, text, "write a network as 10.0.0.0/8, or one address") from None


def _seconds(name: str, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) > 3600:
        raise _bad(name, value, "write whole seconds, at most 3600")
    return int(text)


def _text(name: str, value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str) or not value:
        raise _bad(name, value, "write a text that is not empty")
    return value


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return len(text) <= 253 and _HOST_NAME.fullmatch(text) is not None
    return True


def _bad(name: str, value: Any, remedy: str) -> BadSettings:
    return BadSettings(f"cannot use {value!r} as {name}", remedy=remedy)


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "listen": _listen,
    "state": _path,
    "tls_cert": _path,
    "tls_key": _path,
    "no_tls": _flag,
    "names": _names,
    "htpasswd": _path,
    "drain_seconds": _seconds,
    "audit": _flag,
    "image_policy": _path,
    "import_policy": _path,
    "import_inside": _networks,
}

"""The options of `wharf copy` that say how to reach each side, spelled as users of skopeo type them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli import terminal
from wharfinger.cli.errors import UsageError
from wharfinger.oci.credentials import Credential

ACCESS_GROUP: Final = Group("How to reach both sides", sort_key=10)
_LOGIN_LIMIT: Final = 64 * 1024

_Path = Annotated[Path | None, Parameter(show_default=False)]
_Word = Annotated[str, Parameter(show_default=False)]
_Yes = Annotated[bool, Parameter(show_default=False)]


@Parameter(name="*", group=ACCESS_GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Logins, and whom to trust."""

    src_creds: _Word = ""
    """USER for the source, whose password is asked for; others can see USER:PASSWORD."""

    dest_creds: _Word = ""
    """The same for the destination."""

    src_creds_file: _Path = None
    """File with USER:PASSWORD for the source."""

    dest_creds_file: _Path = None
    """File with USER:PASSWORD for the destination."""

    authfile: _Path = None
    """File with logins [default: those of Podman and Docker]."""

    src_tls_verify: _Yes = True
    """With =false, any certificate of the source will do, or no TLS at all."""

    dest_tls_verify: _Yes = True
    """The same for the destination."""

    src_cert_dir: _Path = None
    """Folder with *.crt to trust, and *.cert and *.key to show [default: certs.d of this host]."""

    dest_cert_dir: _Path = None
    """The same for the destination."""

    def source(self) -> Side:
        return Side(
            self.src_creds,
            self.src_creds_file,
            self.authfile,
            not self.src_tls_verify,
            self.src_cert_dir,
        )

    def target(self) -> Side:
        return Side(
            self.dest_creds,
            self.dest_creds_file,
            self.authfile,
            not self.dest_tls_verify,
            self.dest_cert_dir,
        )


@dataclass(frozen=True, slots=True)
class Side:
    """What was said of one side."""

    creds: str
    creds_file: Path | None
    authfile: Path | None
    insecure: bool
    cert_dir: Path | None

    def login(self, what: str) -> Credential | None:
        """The login that was given, asked for if need be."""
        if self.creds and self.creds_file is not None:
            raise UsageError(f"cannot log in to the {what} in two ways at once")
        if self.creds_file is not None:
            return _pair(_read(self.creds_file), f"the file {self.creds_file}")
        if not self.creds:
            return None
        if ":" in self.creds:
            return _pair(self.creds, "the login")
        return Credential(self.creds, terminal.ask_secret(f"Password for the {what}"))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LOGIN_LIMIT).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}") from None


def _pair(text: str, where: str) -> Credential:
    user, colon, password = text.partition(":")
    if not user or not colon:
        raise UsageError(f"cannot log in: {where} is not USER:PASSWORD")
    return Credential(user, password)

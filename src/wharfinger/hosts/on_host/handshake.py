"""
A TLS handshake with a registry, with the trust that a runtime of the host would have.

It verifies as the runtimes do, which are written in Go: the name must be among the subject alternative
names, an address must be there as an address, and any trusted certificate ends a chain, a root or
not. For the system it verifies as curl does, which takes a common name where there is nothing else,
and no short keys.

Then the registry is asked `GET /v2/`, because with TLS 1.3 it is only now that it says whether it
wanted a client certificate. Each handshake ends within `seconds`; nothing is sent but that request.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.on_host import changes, runtime_trust
from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.runtime_trust import Trusted
from wharfinger.hosts.on_host.tree import Tree
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost

SECONDS: Final = 10.0

# Flags of OpenSSL's X509_VERIFY_PARAM_set_flags(3) that Python 3.9 has no names for.
_PARTIAL_CHAIN: Final = 0x80000
_NO_CHECK_TIME: Final = 0x200000

# Codes of X509_STORE_CTX_get_error(3).
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_AUTHORITY: Final = frozenset({2, 7, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 64})

_WANTS_CLIENT: Final = ("certificate required", "bad certificate", "CERTIFICATE_REQUIRED")
_NO_CLIENT_CERTIFICATE: Final = b"No required SSL certificate"  # nginx says it in HTTP


@dataclass(frozen=True)
class Seen:
    """What came of a handshake. `ends` is the not-after of the registry's own certificate, in
    seconds since the epoch, where it was shown one.
    """

    holds: Holds
    why: str
    issuer: str = ""
    ends: float | None = None


def prove(files: Tree, proof: changes.Handshake, *, seconds: float = SECONDS) -> Proven:
    """Show that a runtime of this host trusts a registry, or why it does not."""
    registry = RegistryHost.parse(proof.registry)
    seen = meet(
        registry,
        runtime_trust.of(files, proof.runtime, registry),
        go_of(proof.runtime),
        seconds=seconds,
    )
    return Proven(f"{proof.runtime} trusts {registry}", seen.holds, seen.why)


def go_of(runtime: str) -> bool:
    """Is the runtime a Go program? Then short keys pass."""
    return runtime != "system"


def meet(registry: RegistryHost, trusted: Trusted, go: bool, *, seconds: float = SECONDS) -> Seen:
    """Greet a registry, trusting whom `trusted` says."""
    if trusted.fault:
        return Seen(Holds.NO, trusted.fault)
    try:
        context = _context(trusted, go)
    except (ssl.SSLError, OSError):
        return Seen(Holds.NO, "the client certificate and its key cannot be used together")
    try:
        plain = _reached(registry, seconds)
        unverified = trusted.unverified or _counts_as_insecure(plain, trusted)
        if unverified:
            _take_any(context)
        with _secured(plain, registry, context) as channel:
            found: Mapping[str, Any] = channel.getpeercert() or {}
            refused = _asked(channel, registry)
    except ssl.SSLCertVerificationError as error:
        return _mistrusted(registry, error, seconds)
    except (ssl.SSLEOFError, ConnectionResetError):
        return Seen(Holds.UNKNOWN, f"{registry} hangs up")
    except ssl.SSLError as error:
        return Seen(Holds.NO, _broken(error))
    except OSError as error:
        return Seen(Holds.UNKNOWN, f"{registry} does not answer: {error.strerror or error}")
    seen = (_name(found.get("issuer", ())), _time(found, "notAfter"))
    if refused:
        return Seen(Holds.NO, refused, *seen)
    if unverified:
        return Seen(Holds.YES, f"any certificate is taken ({unverified})")
    return Seen(Holds.YES, "", *seen)


def _context(trusted: Trusted, go: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = not go
    context.verify_flags |= _PARTIAL_CHAIN
    if go:
        context.set_ciphers("DEFAULT:@SECLEVEL=1")
    _load(context, trusted.authorities)
    if trusted.client is not None:
        _show(context, *trusted.client)
    return context


def _load(context: ssl.SSLContext, authorities: Iterable[bytes]) -> None:
    """What OpenSSL cannot read vouches for nobody, and keeps nobody else from it."""
    for authority in authorities:
        with suppress(ssl.SSLError):
            context.load_verify_locations(cadata=authority)


def _show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Python reads a client certificate from a file only; this one is nowhere but in memory."""
    descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, certificate.rstrip() + b"\n" + key)
        # With a password that fits nothing, OpenSSL does not ask for one at the terminal.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    finally:
        os.close(descriptor)


def _connected(registry: RegistryHost, context: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    return _secured(_reached(registry, seconds), registry, context)


def _reached(registry: RegistryHost, seconds: float) -> socket.socket:
    address = (registry.address, registry.port or HTTPS_PORT)
    return socket.create_connection(address, timeout=seconds)


def _secured(
    plain: socket.socket, registry: RegistryHost, context: ssl.SSLContext
) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=registry.address)
    except BaseException:
        plain.close()
        raise


def _counts_as_insecure(plain: socket.socket, trusted: Trusted) -> str:
    address = ipaddress.ip_address(str(plain.getpeername()[0]).partition("%")[0])
    insecure = any(address in network for network in trusted.insecure)
    return f"{address} counts as insecure" if insecure else ""


def _take_any(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def _asked(channel: ssl.SSLSocket, registry: RegistryHost) -> str:
    """Why the registry does not want us, empty if it does or says nothing.

    Whoever is turned away may find the connection closed while still asking; the reason lies there
    to be read nevertheless.
    """
    request = f"GET /v2/ HTTP/1.1\r\nHost: {registry}\r\nConnection: close\r\n\r\n"
    with suppress(OSError):
        channel.sendall(request.encode())
    try:
        answer = channel.recv(16384)
    except socket.timeout:
        return ""
    return _CLIENT_WANTED if _NO_CLIENT_CERTIFICATE in answer else ""


_CLIENT_WANTED: Final = "the registry asks for a client certificate"


def _broken(error: ssl.SSLError) -> str:
    text = str(error)
    if any(word in text for word in _WANTS_CLIENT):
        return _CLIENT_WANTED
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text:
        return "the registry answers without TLS"
    return f"no TLS connection comes about: {error.reason or text}"


def _mistrusted(
    registry: RegistryHost, error: ssl.SSLCertVerificationError, seconds: float
) -> Seen:
    """Say why in words, with what the certificate itself says."""
    shown = _shown(registry, seconds)
    issuer, ends = _name(shown.get("issuer", ())), _time(shown, "notAfter")
    return Seen(Holds.NO, _reason(error, shown, issuer), issuer, ends)


def _reason(error: ssl.SSLCertVerificationError, shown: Mapping[str, Any], issuer: str) -> str:
    code = error.verify_code
    if code in _UNKNOWN_AUTHORITY:
        return f"certificate signed by unknown authority ({issuer or 'unnamed'})"
    if code in _OTHER_NAME:
        names = ", ".join(value for _, value in shown.get("subjectAltName", ()))
        return f"certificate is for {names}" if names else "certificate has no alternative names"
    if code == _EXPIRED:
        return f"certificate, or one above it, has expired ({shown.get('notAfter', 'unknown')})"
    if code == _NOT_YET_VALID:
        return f"certificate is not valid yet ({shown.get('notBefore', 'unknown')})"
    return str(error.verify_message)


def _shown(registry: RegistryHost, seconds: float) -> Mapping[str, Any]:
    """The registry's own certificate in words.

    Python decodes only what it has verified. So the certificate is fetched, and then verified against
    itself whatever its name and time.
    """
    try:
        with _connected(registry, _blind(), seconds) as channel:
            der = channel.getpeercert(binary_form=True)
        context = _blind()
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= _PARTIAL_CHAIN | _NO_CHECK_TIME
        context.load_verify_locations(cadata=der or b"")
        with _connected(registry, context, seconds) as channel:
            return channel.getpeercert() or {}
    except (OSError, ValueError):
        return {}


def _blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _take_any(context)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _name(parts: Iterable[Iterable[tuple[str, str]]]) -> str:
    """The common name, or all of a name."""
    pairs = [pair for part in parts for pair in part]
    common = [value for key, value in pairs if key == "commonName"]
    return common[-1] if common else ", ".join(f"{key}={value}" for key, value in pairs)


def _time(shown: Mapping[str, Any], key: str) -> float | None:
    return float(ssl.cert_time_to_seconds(shown[key])) if key in shown else None

"""
The trust part of a site file, edited so that comments, order and quotes stay.

Certificates are put beside the site file, one to a file named by what is in it, so that each can be
taken out again alone. A client's key stays where it is and is named. Before anything is written the
new text is read as `wharf site check` would read it.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from wharfinger.cli import site_file, yaml
from wharfinger.cli.errors import UsageError
from wharfinger.errors import NotFound, WharfingerError
from wharfinger.hosts import certificates
from wharfinger.hosts.certificates import Certificate
from wharfinger.hosts.site import document, file
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.system import files

FOLDER: Final = "certs"
_ITEM: Final = re.compile(r"^( *)\S[^\n]*:[ \t]*\n(?: *#[^\n]*\n)*( *)- ", re.MULTILINE)


class NotTrusted(NotFound):
    """The site file does not say what is to be taken out of it."""

    code = "not-trusted"


class Edited:
    """A site file in memory; `save` writes what has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._new: dict[Path, bytes] = {}
        self._editor = yaml.editor()
        self._root = self._read()

    def _read(self) -> CommentedMap:
        if not self.path.exists():
            return CommentedMap()
        site_file.load(self.path)  # tells every fault with its line
        content = site_file.read(self.path, str(self.path), limit=document.MAX_BYTES).content
        text = content.decode()
        if (found := _ITEM.search(text)) is not None:
            offset = max(len(found[2]) - len(found[1]), 0)
            self._editor.indent(mapping=2, sequence=offset + 2, offset=offset)
        try:
            root = self._editor.load(text)
        except YAMLError:  # the parser of the site file has taken it
            raise UsageError(f"cannot edit {str(self.path)!r}: write its trust by hand") from None
        return CommentedMap() if root is None else root

    # What stands there

    def registries(self) -> list[RegistryHost]:
        trust = self._root.get("trust") or {}
        return [RegistryHost.parse(str(name)) for name in trust.get("registries") or {}]

    def authorities(self, registry: RegistryHost | None) -> list[Certificate]:
        return [one for item in self._items(registry) for one in self._certificates(item)]

    def client(self, registry: RegistryHost) -> tuple[bytes, bytes] | None:
        """The certificate and the key that hosts show to a registry."""
        if self._key(registry) is None or (shown := self._entry(registry).get("client")) is None:
            return None
        certificate, key = str(shown["cert"]), str(shown["key"])
        held = b"".join(one.pem for one in self._certificates(certificate))
        return held, site_file.read(self.path.parent / key, key).content

    def _items(self, registry: RegistryHost | None) -> list[str]:
        trust = self._root.get("trust") or {}
        if registry is None:
            found = trust.get("system") or []
        else:
            key = self._key(registry)
            found = (trust["registries"][key] or {}).get("ca") or [] if key is not None else []
        return [found] if isinstance(found, str) else list(found)

    def _key(self, registry: RegistryHost) -> str | None:
        """The registry as the file spells it."""
        trust = self._root.get("trust") or {}
        for name in trust.get("registries") or {}:
            if RegistryHost.parse(str(name)) == registry:
                return str(name)
        return None

    def _certificates(self, item: str) -> tuple[Certificate, ...]:
        if "-----BEGIN " in item:
            return certificates.read(item.encode(), "the site file")
        path = self.path.parent / item
        content = self._new.get(path) or site_file.read(path, item).content
        return certificates.read(content, item)

    # Changes

    def add(self, registry: RegistryHost | None, found: Iterable[Certificate]) -> list[str]:
        """Trust certificates beside those trusted already; return the paths of the new files."""
        known = self.authorities(registry)
        added = []
        for certificate in found:
            if certificate in known:
                continue
            name = f"{FOLDER}/{_file_name(certificate)}"
            self._new[self.path.parent / name] = certificate.pem
            added.append(name)
        if added or not known:
            self._put(registry, [*self._items(registry), *added])
        return added

    def show(self, registry: RegistryHost, certificate: Path, key: Path) -> None:
        """Let hosts show a client certificate to a registry."""
        entry = self._entry(registry)
        entry["client"] = CommentedMap(
            cert=self._relative(certificate),
            key=self._relative(key),
        )

    def forget(self, registry: RegistryHost) -> None:
        """Say nothing of a registry any more; hosts then trust it as they trust any other."""
        key = self._key(registry)
        if key is None:
            raise NotTrusted(f"cannot remove {registry}: the site file does not name it")
        del self._root["trust"]["registries"][key]

    def drop(self, registry: RegistryHost | None, fingerprint: str) -> Certificate:
        """Take one authority out again; `fingerprint` may be the beginning of it."""
        whose = "the whole host" if registry is None else str(registry)
        matching = [item for item in self._items(registry) if self._has(item, fingerprint)]
        if len(matching) != 1:
            count = "no authority" if not matching else f"{len(matching)} authorities"
            raise NotTrusted(
                f"cannot remove {fingerprint!r}: {count} of {whose} begins so",
                remedy="`wharf trust list` and `openssl x509 -fingerprint -sha256` show it",
            )
        held = self._certificates(matching[0])
        if len(held) > 1:
            raise UsageError(
                f"cannot remove {fingerprint!r}: it stands in a file with {len(held) - 1} others",
                remedy="add them one by one with `wharf trust add`, then take the file out",
            )
        rest = [item for item in self._items(registry) if item != matching[0]]
        if rest or registry is None or "client" in self._entry(registry):
            self._put(registry, rest)
        else:
            self.forget(registry)
        return held[0]

    def _has(self, item: str, fingerprint: str) -> bool:
        held = self._certificates(item)
        return any(one.fingerprint.startswith(fingerprint) for one in held)

    def _put(self, registry: RegistryHost | None, items: list[str]) -> None:
        if registry is None:
            _mapping(self._root, "trust")["system"] = CommentedSeq(items)
        else:
            self._entry(registry)["ca"] = CommentedSeq(items)

    def _entry(self, registry: RegistryHost) -> Any:
        named = _mapping(_mapping(self._root, "trust"), "registries")
        return _mapping(named, self._key(registry) or str(registry))

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self.path.parent)

    # Writing

    def save(self) -> None:
        """Write the new files, then the site file. Raise `InvalidSite`, and nothing is written."""
        text = io.StringIO()
        self._editor.dump(self._root, text)
        content = text.getvalue().encode()
        file.parse(content, name=str(self.path), files=self._given)
        for path, pem in self._new.items():
            _make_folder(path.parent)
            write(path, pem, mode=0o644)
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        write(self.path, content, mode=mode)

    def _given(self, name: str) -> file.GivenFile:
        path = self.path.parent / name
        if path in self._new:
            return file.GivenFile(self._new[path])
        return site_file.read(path, name)


class CannotWrite(WharfingerError):
    code = "cannot-write-file"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {str(error.filename or path)!r}: {error.strerror}")


def _mapping(above: CommentedMap, key: str) -> Any:
    if above.get(key) is None:
        above[key] = CommentedMap()
    return above[key]


def _file_name(certificate: Certificate) -> str:
    return "-".join([*_words(certificate.subject), certificate.fingerprint[:8]]) + ".crt"


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"[a-z0-9]+", text.lower()[:40])


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise CannotWrite(path, error) from None


def write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file as a whole. Raise `CannotWrite`."""
    try:
        files.write(path, content, mode=mode)
    except OSError as error:
        raise CannotWrite(path, error) from None

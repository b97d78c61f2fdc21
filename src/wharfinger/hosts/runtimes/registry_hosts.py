"""
The `hosts.toml` of one registry: what it shall say, from what it says and what the site says.

    server = "https://registry.test:5000"                      asked last
    ca = ["/…/wharfinger-0123456789abcdef.crt"]
    client = [["/…/wharfinger.cert", "/…/wharfinger.key"]]

    [host."https://mirror.test/v2/hub"]                        asked first, in the order of the file
    capabilities = ["pull", "resolve"]
    override_path = true

A file of ours begins with a comment that says so, and goes when it has nothing to say. One of others
is edited in the keys that the site governs. What containerd does with it, as seen with 1.6:

- A file without a `host` table is an error, and then it goes on as if there were none, which would
  open a blocked registry. So there always is one, if only an empty one.
- An empty `capabilities` means all of them, and without a `server` they are not looked at. So a
  blocked registry has a server that can never be (RFC 6761, section 6.4), and for pushes only: a
  pull finds nobody to ask.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.formats import toml_text
from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import certs_d
from wharfinger.hosts.site.model import Mirror, RegistryTrust
from wharfinger.hosts.wanted import WantedFile
from wharfinger.oci.reference import HUB_V2, HUBS
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost

FILE: Final = "hosts.toml"
DEFAULT: Final = "_default"
"""The directory for registries that have none."""
MARK: Final = "# Written by wharfinger from the site file; `wharf hosts apply` writes it again.\n"
NOBODY: Final = "https://blocked-by-wharfinger.invalid"
_OURS: Final = ("capabilities", "override_path", "skip_verify")
PULL: Final = ["pull", "resolve"]
_ANY_CERTIFICATE: Final = {"capabilities": [*PULL, "push"], "skip_verify": True}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of what the site trusts for a registry."""

    authorities: tuple[str, ...] = ()
    client: tuple[str, str] | None = None

    @classmethod
    def of(cls, folder: str, trust: RegistryTrust) -> Files:
        names = (certs_d.authority_name(authority) for authority in trust.authorities)
        pair = (f"{folder}/{certs_d.CLIENT}", f"{folder}/{certs_d.KEY}")
        return cls(tuple(f"{folder}/{name}" for name in names), pair if trust.client else None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the site says of `registry`, `None` of what it does not govern. No registry stands for
    all that have no directory. `needed` keeps a directory where there is nothing to say, so that it
    is not one of those.
    """

    registry: RegistryHost | None
    blocked: bool | None = None
    needed: bool = False
    insecure: bool | None = None
    mirrors: tuple[Mirror, ...] | None = None
    trust: Mapping[RegistryHost, Files] | None = None
    reason: str = ""

    @property
    def speaks(self) -> bool:
        """Does the site govern anything of this registry?"""
        return (self.blocked, self.insecure, self.mirrors, self.trust) != (None,) * 4

    @property
    def address(self) -> str:
        """Where the registry answers; Docker Hub has another name there."""
        return "" if self.registry is None else address(self.registry)


def address(registry: RegistryHost) -> str:
    hub = registry.host in HUBS and registry.port in (None, HTTPS_PORT)
    return HUB_V2 if hub else str(registry)


def files(folder: str, source: str, statement: Statement, facts: Facts) -> Iterator[WantedFile]:
    """The `hosts.toml` in `folder`, which begins with what stands in the directory `source`."""
    path = f"{folder}/{FILE}"
    found = facts.content(path)
    new = wanted(_document(source, facts, statement), statement)
    if found is not None and not found.decode(errors="replace").startswith(MARK):
        yield WantedFile(path, _edited(TomlText.parse(found, path), new), statement.reason)
    elif _speaks(new, statement):
        yield WantedFile(path, _written(new, statement), statement.reason)
    elif found is not None:
        yield WantedFile(path, None, statement.reason)


def _document(source: str, facts: Facts, statement: Statement) -> Document:
    """What containerd reads now for this registry; what `_default` says of a server is not of it."""
    path = f"{source}/{FILE}"
    found = facts.content(path)
    if found is None:
        return _by_names(source, facts)
    document = dict(TomlText.parse(found, path).value)
    tables = document.get("host", {})
    if not isinstance(tables, dict) or any(not isinstance(one, dict) for one in tables.values()):
        raise UnreadableFile(path, "`host` has to hold a table for each address")
    if document.get("server") == NOBODY:
        return {"host": {}} if statement.blocked is False else document
    if statement.registry is not None and posixpath.basename(source) == DEFAULT:
        document.pop("server", None)
    return document


def _by_names(source: str, facts: Facts) -> Document:
    """Without the file, containerd takes certificates by their names, as Docker does."""
    here = [path for path in facts.files if posixpath.dirname(path) == source]
    document: Document = {}
    if authorities := sorted(path for path in here if path.endswith(".crt")):
        document["ca"] = authorities
    pairs = [[path, f"{path[: -len('.cert')]}.key"] for path in here if path.endswith(".cert")]
    if pairs := sorted(pair for pair in pairs if pair[1] in here):
        document["client"] = pairs
    return document


def is_blocked(file: WantedFile) -> bool:
    """Is it one of those above, of a registry that nobody is to be asked for?"""
    return NOBODY.encode() in (file.content or b"")


# What the file shall say


def wanted(old: Document, statement: Statement) -> Document:
    """The document with what the site governs in it; keys before tables."""
    if statement.blocked or (statement.blocked is None and old.get("server") == NOBODY):
        return {"server": NOBODY, "capabilities": ["push"], "host": {}}
    document = {key: value for key, value in old.items() if key != "host"}
    hosts = dict(old.get("host", {}))
    if statement.registry is not None and statement.trust is not None:
        _set_trust(document, statement.trust.get(statement.registry, Files()))
    if statement.mirrors is not None:
        itself = {f"{scheme}://{statement.address}" for scheme in ("https", "http")}
        kept = {url: table for url, table in hosts.items() if url in itself}
        hosts = {**dict(_mirrors(statement, hosts)), **kept}
    if statement.insecure is True:
        _open_up(document, hosts, statement.address)
    elif statement.insecure is False:
        _secure(document, hosts, statement.address)
    return {**document, "host": hosts}


def _open_up(document: Document, hosts: Document, address: str) -> None:
    """An insecure registry is asked with TLS and any certificate, then without TLS."""
    client = {"client": document["client"]} if "client" in document else {}
    before = hosts.pop(f"https://{address}", {})
    hosts[f"https://{address}"] = {**before, **_ANY_CERTIFICATE, **client}
    document["server"] = f"http://{address}"


def _secure(document: Document, hosts: Document, address: str) -> None:
    hosts.pop(f"http://{address}", None)
    document.pop("skip_verify", None)
    if str(document.get("server", "")).startswith("http://"):
        document["server"] = f"https://{address}"
    found = hosts.get(f"https://{address}", {})
    if "skip_verify" in found:
        hosts[f"https://{address}"] = {k: v for k, v in found.items() if k != "skip_verify"}
        if found.keys() <= {*_ANY_CERTIFICATE, "client"}:
            del hosts[f"https://{address}"]


def _mirrors(statement: Statement, found: Document) -> Iterator[tuple[str, Document]]:
    """The tables of the mirrors. What others have put there besides stays."""
    for mirror in statement.mirrors or ():
        place = address(mirror.location.registry)
        if mirror.location.path:
            # The path of a mirror goes before the name of the repository, below /v2.
            place += f"/v2/{mirror.location.path}"
        for scheme in ("https", "http") if mirror.insecure else ("https",):
            url = f"{scheme}://{place}"
            table: Document = {"capabilities": PULL}
            if mirror.location.path:
                table["override_path"] = True
            if mirror.insecure and scheme == "https":
                table["skip_verify"] = True
            table.update((k, v) for k, v in found.get(url, {}).items() if k not in _OURS)
            if statement.trust is not None:
                _set_trust(table, statement.trust.get(mirror.location.registry, Files()))
            yield url, table


def _set_trust(table: Document, files: Files) -> None:
    """Authorities and clients of others stay, before ours."""
    authorities = [*_foreign(table.get("ca")), *files.authorities]
    clients = [*_foreign(table.get("client")), *([list(files.client)] if files.client else [])]
    for key, value in (("ca", authorities), ("client", clients)):
        if value:
            table[key] = value
        else:
            table.pop(key, None)


def _foreign(value: Any) -> Iterator[Any]:
    """A path alone means a list of one."""
    for item in value if isinstance(value, list) else [value] if value else []:
        first = item[0] if isinstance(item, list) and item else item
        if not posixpath.basename(str(first)).startswith("wharfinger"):
            yield item


# How it is written


def _speaks(document: Document, statement: Statement) -> bool:
    """Is there anything in the file that containerd would not do without it?"""
    if statement.needed:
        return True
    usual = {"server": f"https://{statement.address}", "host": {}}
    return {**usual, **document} != usual


def _written(document: Document, statement: Statement) -> bytes:
    usual = {} if statement.registry is None else {"server": f"https://{statement.address}"}
    return (MARK + toml_text.render({**usual, **document})).encode()


def _edited(text: TomlText, wanted: Document) -> bytes:
    """A file of others with what is wanted in it."""
    before, hosts = text.content, wanted["host"]
    for key in [key for key in text.value if key != "host" and key not in wanted]:
        text = text.without((key,))
    for key, value in wanted.items():
        if key != "host":
            text = text.with_value((key,), value)
    for url in _out_of_place(list(text.get("host") or {}), list(hosts)):
        text = text.without(("host", url))
    for url, table in hosts.items():
        for key in [key for key in text.get("host", url) or {} if key not in table]:
            text = text.without(("host", url, key))
        for key, value in table.items():
            text = text.with_value(("host", url, key), value)
    return before if text.content == before else _with_hosts(text)


def _out_of_place(found: list[str], wanted: list[str]) -> list[str]:
    """The tables to take out: new ones come last, so from the first that is elsewhere on."""
    kept = [url for url in found if url in wanted]
    right = 0
    while right < len(kept) and kept[right] == wanted[right]:
        right += 1
    return [url for url in found if url not in kept[:right]]


def _with_hosts(text: TomlText) -> bytes:
    """Without any table of hosts containerd 1.6 would not read what we have put there."""
    if text.get("host") is not None:
        return text.content
    gap = b"" if text.content.endswith(b"\n") or not text.content else b"\n"
    return text.content + gap + b"\n[host]\n"

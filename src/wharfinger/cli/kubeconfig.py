"""
The kubeconfig: which server, whom to trust, who we are, which project.

Read and written as `kubectl` does it: `--kubeconfig` names one file, `$KUBECONFIG` several, of
which the first to have an entry decides. A change goes to the file that has the entry, and new
entries go to the first file. Comments, order and keys that we do not know stay as they were; the
file appears whole, for its owner only.

Everything but `load` and `save` is a function from documents to values.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.error import YAMLError

from wharfinger.cli import yaml
from wharfinger.cli.errors import CannotWriteKubeconfig, InvalidKubeconfig, NoContext

SIZE_LIMIT: Final = 4 << 20
LOGIN_REMEDY: Final = "log in with `wharf login SERVER`, or set KUBECONFIG to the admin.kubeconfig that `wharf up` made"
_PLURALS: Final = {"cluster": "clusters", "user": "users", "context": "contexts"}
_FOREIGN: Final = ("exec", "auth-provider")


@dataclass(slots=True)
class File:
    """One file and what it says; `document` is edited in place and then saved."""

    path: Path
    document: Any  # a mapping that keeps comments and order


Entry = tuple[File, Any]
"""What stands under a name, and in which file."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the server: a token, a password or a client certificate (PEM)."""

    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    certificate: bytes = b""
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Context:
    """A context with its cluster and user looked up."""

    name: str
    server: str
    namespace: str = "default"
    authority: bytes | None = None  # PEM; None: the authorities that the system trusts
    insecure: bool = False
    tls_name: str | None = None
    user: str = ""
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True)
class Found:
    """A context as it is written."""

    context: Context
    """Without its identity."""
    cluster: Entry
    user: Entry | None


@dataclass(frozen=True, slots=True)
class Login:
    """What `wharf login` remembers."""

    place: Context  # its server, and whom to trust there
    user: str
    token: str = field(repr=False)


def paths(explicit: Path | None, environment: Mapping[str, str]) -> list[Path]:
    if explicit is not None:
        return [explicit]
    listed = [Path(part) for part in environment.get("KUBECONFIG", "").split(":") if part]
    return listed or [Path(environment.get("HOME", "/")) / ".kube" / "config"]


def load(places: Sequence[Path]) -> list[File]:
    """Read the files that are there; one that is missing counts as empty."""
    return [File(path, _read(path)) for path in places]


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as source:
            text = source.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise InvalidKubeconfig(f"cannot read kubeconfig {path}: {error.strerror}") from error
    if len(text) > SIZE_LIMIT:
        raise InvalidKubeconfig(f"cannot read kubeconfig {path}: over {SIZE_LIMIT} bytes")
    try:
        document = yaml.editor().load(text.decode())
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        # The parser's message quotes lines, and those hold tokens.
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark is not None else ""
        raise InvalidKubeconfig(f"cannot read kubeconfig {path}: not YAML{where}") from None
    if document is None:
        document = {"apiVersion": "v1", "kind": "Config"}
    if not isinstance(document, dict):
        raise InvalidKubeconfig(f"cannot read kubeconfig {path}: not a mapping")
    return document


def save(file: File) -> None:
    from wharfinger.system import files  # only who writes waits for what it imports

    text = io.BytesIO()
    yaml.editor().dump(file.document, text)
    # Somebody may keep the real file elsewhere: write through a link, never in place of it.
    path = file.path.resolve()
    try:
        path.parent.mkdir(mode=files.PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        files.write(path, text.getvalue())
    except OSError as error:
        raise CannotWriteKubeconfig(path, error) from error


def current(loaded: Sequence[File], name: str | None = None) -> Context:
    """The named context, or else the current one."""
    found = look_up(loaded, name)
    return replace(found.context, identity=identity(found.user)) if found.user else found.context


def look_up(loaded: Sequence[File], name: str | None = None) -> Found:
    """As `current`, before anybody has looked at how its user proves who they are."""
    name = name or current_name(loaded)
    if not name:
        raise NoContext("cannot tell which server to use: no current context", remedy=LOGIN_REMEDY)
    context = _find(loaded, "context", name)
    if context is None:
        raise NoContext(f"cannot find context {name!r} in the kubeconfig", remedy=LOGIN_REMEDY)
    cluster_name, user_name = text(context[1], "cluster"), text(context[1], "user")
    cluster = _find(loaded, "cluster", cluster_name)
    if cluster is None or not text(cluster[1], "server"):
        raise NoContext(f"cannot find the server of context {name!r}", remedy=LOGIN_REMEDY)
    place = Context(
        name=name,
        server=text(cluster[1], "server"),
        namespace=text(context[1], "namespace") or "default",
        authority=_material(cluster, "certificate-authority") or None,
        insecure=cluster[1].get("insecure-skip-tls-verify") is True,
        tls_name=text(cluster[1], "tls-server-name") or None,
        user=user_name,
    )
    return Found(place, cluster, _find(loaded, "user", user_name))


def context_at(loaded: Sequence[File], server: str) -> Context | None:
    """Some context of this server: for what is known of it, not for who we are there."""
    for file in loaded:
        for entry in _entries(file.document, "context"):
            cluster = _find(loaded, "cluster", text(entry.get("context") or {}, "cluster"))
            if cluster is not None and text(cluster[1], "server").rstrip("/") == server.rstrip("/"):
                return current(loaded, text(entry, "name"))
    return None


def current_name(loaded: Sequence[File]) -> str:
    named = (text(file.document, "current-context") for file in loaded)
    return next((name for name in named if name), "")


def identity(user: Entry) -> Identity:
    """Who a user is by what stands in the kubeconfig; refuses who proves it by a plug-in."""
    file, entry = user
    for plugin in _FOREIGN:
        if plugin in entry:
            raise NoContext(
                f"cannot use the {plugin!r} plug-in of a user in {file.path}",
                remedy="use a context with a token; `wharf login` makes one",
            )
    token = text(entry, "token")
    if not token and (token_file := text(entry, "tokenFile")):
        token = _contents(file, token_file).decode(errors="replace").strip()
    return Identity(
        token=token,
        username=text(entry, "username"),
        password=text(entry, "password"),
        certificate=_material(user, "client-certificate"),
        key=_material(user, "client-key"),
    )


def _material(found: Entry, key: str) -> bytes:
    """PEM that stands in the entry as base64 (`key-data`) or in a file beside it."""
    file, entry = found
    if data := text(entry, f"{key}-data"):
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error:
            raise InvalidKubeconfig(f"cannot read '{key}-data' in {file.path}") from None
    if name := text(entry, key):
        return _contents(file, name)
    return b""


def _contents(file: File, name: str) -> bytes:
    path = file.path.parent / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidKubeconfig(
            f"cannot read {path}, which {file.path} names: {error.strerror}"
        ) from error


def remember(loaded: Sequence[File], login: Login) -> File:
    """Make a login the current context; returns the one file to save.

    Named as `oc login` names them, so that both tools share one set of contexts.
    """
    place = place_name(login.place.server)
    known = _find(loaded, "context", context_name(login))
    namespace = (text(known[1], "namespace") if known is not None else "") or "default"
    user = f"{login.user}/{place}"
    context = {"cluster": place, "user": user, "namespace": namespace}
    first = loaded[0]
    _set(first.document, "cluster", place, _cluster(login.place))
    _set(first.document, "user", user, {"token": login.token})
    _set(first.document, "context", context_name(login), context)
    first.document["current-context"] = yaml.added(context_name(login))
    return first


def _cluster(place: Context) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": place.server}
    if place.insecure:
        cluster["insecure-skip-tls-verify"] = True  # kubectl refuses an authority beside it
    elif place.authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(place.authority).decode()
    if place.tls_name is not None:
        cluster["tls-server-name"] = place.tls_name
    return cluster


def place_name(server: str) -> str:
    return server.partition("://")[2].rstrip("/").replace(".", "-")


def context_name(login: Login) -> str:
    return f"{place_name(login.place.server)}/{login.user}"


def forget(loaded: Sequence[File], context: Context) -> File | None:
    """Take away the token of a context's user; the context stays for the next login."""
    found = _find(loaded, "user", context.user)
    if found is None or found[1].pop("token", None) is None:
        return None
    return found[0]


def use_namespace(loaded: Sequence[File], context: Context, namespace: str) -> File:
    found = _find(loaded, "context", context.name)
    if found is None:
        raise NoContext(f"cannot find context {context.name!r} any more", remedy=LOGIN_REMEDY)
    found[1]["namespace"] = yaml.added(namespace)
    return found[0]


def _find(loaded: Sequence[File], kind: str, name: str) -> Entry | None:
    for file in loaded:
        for entry in _entries(file.document, kind):
            if entry.get("name") == name and isinstance(entry.get(kind), dict):
                return file, entry[kind]
    return None


def _set(document: Any, kind: str, name: str, value: dict[str, Any]) -> None:
    if not isinstance(document.get(_PLURALS[kind]), list):
        document[_PLURALS[kind]] = []
    for entry in _entries(document, kind):
        if entry.get("name") == name:
            entry[kind] = yaml.added(value)
            return
    document[_PLURALS[kind]].append(yaml.added({"name": name, kind: value}))


def _entries(document: Any, kind: str) -> Iterator[Any]:
    entries = document.get(_PLURALS[kind])
    yield from (entry for entry in entries or () if isinstance(entry, dict))


def text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""

"""
What a request to the Docker API would bring onto this host, send away or give a name to.

Pure: a call in, a tuple of asks out, the policy is not needed. No asks: the call touches no image of
a registry. What is not known here is harmless if it reads or removes, and refused otherwise, so an
endpoint of a later engine is closed until somebody has looked at it.

Names are filled in as the engine does: `busybox` is `docker.io/library/busybox`, and so is every name
without a slash, even `quay.io`. An image id names something that is here already; what may come here
is decided where it comes in.

https://docs.docker.com/reference/api/engine/version/v1.41/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Union

from wharfinger.hosts.on_host.docker_authz import body
from wharfinger.hosts.on_host.docker_authz.body import Members
from wharfinger.hosts.on_host.docker_authz.call import Call
from wharfinger.hosts.on_host.docker_authz.target import Target, UnclearRequest
from wharfinger.oci.reference import (
    HUB,
    ImageReference,
    InvalidReference,
    is_digest,
    names_registry,
)
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost

LOAD_TICKET: Final = "x-wharfinger-load"
"""The header by which `wharf docker-load` proves that it has read the archive."""


@dataclass(frozen=True)
class Named:
    """`what` is done with an image of this name, whose registry is filled in."""

    what: str
    image: ImageReference


@dataclass(frozen=True)
class Reached:
    """The daemon would talk to this registry, or fetch from this server."""

    what: str
    registry: RegistryHost


@dataclass(frozen=True)
class Built:
    """A build or a swarm brings images by names that no request shows."""

    what: str


@dataclass(frozen=True)
class Loaded:
    """An archive that no request shows brings images under names of its own."""

    ticket: str | None = None


@dataclass(frozen=True)
class Imported:
    """A root file system comes from the client; what else the request holds is not shown."""


Ask = Union[Named, Reached, Built, Loaded, Imported]
Asks = tuple[Ask, ...]
_Reader = Callable[[Call, Target, str], Asks]


def of(call: Call) -> Asks:
    """What `call` asks for; raises `UnclearRequest` if that cannot be told."""
    target = call.target()
    for method, pattern, reader in _DECIDED:
        found = pattern.fullmatch(target.path) if method == call.method else None
        if found is not None:
            return reader(call, target, found.groupdict().get("name") or "")
    if call.method in _READS_OR_REMOVES or _is_harmless(call.method, target.path):
        return ()
    raise UnclearRequest(f"{call.method} is not known at this address")


def image_name(text: str) -> ImageReference:
    """Read a name as the engine does, with its defaults filled in."""
    first, slash, _ = text.partition("/")
    if slash and first != first.lower() and not names_registry(first):
        raise UnclearRequest(f"engines differ in what {first!r} means before a slash")
    try:
        image = ImageReference.parse(text if slash else f"{HUB}/library/{text}")
        RegistryHost.parse(image.registry or HUB)
    except (InvalidReference, InvalidRegistry) as error:
        raise UnclearRequest(error.message) from None
    full = image.with_client_defaults()
    return replace(full, tag=image.tag) if image.id else full


# What each call asks for


def _image_create(call: Call, target: Target, _: str) -> Asks:
    values = target.values()
    image, source = _one(values, "fromImage"), _one(values, "fromSrc")
    if source == "-" and not image:
        return (*_label("import as", _one(values, "repo")), Imported())
    call.require_no_form()
    if image:
        return (Named("pull of", _tagged(image.removesuffix(":"), _one(values, "tag"))),)
    return (*_label("import as", _one(values, "repo")), _fetched("import from", source))


def _push(call: Call, target: Target, name: str) -> Asks:
    call.require_no_form()
    return (Named("push of", _tagged(name, _one(target.values(), "tag"))),)


def _tag(call: Call, target: Target, name: str) -> Asks:
    call.require_no_form()
    values = target.values()
    new = Named("tag as", _tagged(_one(values, "repo"), _one(values, "tag")))
    return (*_local("tag of", name), new)


def _distribution(_: Call, __: Target, name: str) -> Asks:
    return (Named("look at", image_name(name)),)


def _search(_: Call, target: Target, __: str) -> Asks:
    term = _one(target.values(), "term")
    first, slash = term.partition("/")[:2]
    host = first if slash and names_registry(first) else HUB
    return (Reached("search in", _registry(host)),)


def _load(call: Call, _: Target, __: str) -> Asks:
    return (Loaded(call.headers.get(LOAD_TICKET)),)


def _build(_: Call, target: Target, __: str) -> Asks:
    names = target.values().get("t", ())
    tags = tuple(Named("build of", image_name(name)) for name in names if name)
    return (*tags, Built("build"))


def _session(_: Call, __: Target, ___: str) -> Asks:
    return (Built("build"),)


def _swarm_join(_: Call, __: Target, ___: str) -> Asks:
    return (Built("work for a swarm"),)


def _container(call: Call, _: Target, __: str) -> Asks:
    document = call.document()
    mounts = body.objects_at(document, "HostConfig", "Mounts")
    return (*_local("run of", body.text_at(document, "Image")), *_mounted(mounts))


def _commit(call: Call, target: Target, _: str) -> Asks:
    call.require_no_form()
    return _label("commit as", _one(target.values(), "repo"))


def _service(call: Call, _: Target, __: str) -> Asks:
    document = call.document()
    image = body.text_at(document, "TaskTemplate", "ContainerSpec", "Image")
    plugin = body.text_at(document, "TaskTemplate", "PluginSpec", "Remote")
    mounts = body.objects_at(document, "TaskTemplate", "ContainerSpec", "Mounts")
    return (
        *_local("service with", image),
        *_label("service with plugin", plugin),
        *_mounted(mounts),
    )


def _plugin_pull(call: Call, target: Target, _: str) -> Asks:
    call.require_no_form()
    return (Named("pull of plugin", image_name(_one(target.values(), "remote"))),)


def _plugin_name(_: Call, target: Target, __: str) -> Asks:
    # The body is a tar archive; a form in its place would leave nothing to make a plugin of.
    return (Named("plugin named", image_name(_one(target.values(), "name"))),)


def _plugin_push(_: Call, __: Target, name: str) -> Asks:
    return (Named("push of plugin", image_name(name)),)


# How a name is given


def _one(values: Mapping[str, tuple[str, ...]], name: str) -> str:
    given = values.get(name, ())
    if len(given) > 1:
        raise UnclearRequest(f"it gives {name} twice")
    return given[0] if given else ""


def _tagged(name: str, tag: str) -> ImageReference:
    """The engine takes a digest in the tag's place too."""
    mark = "@" if is_digest(tag) else ":"
    base = image_name(name).as_repository() if tag else image_name(name)
    return image_name(f"{base.full()}{mark}{tag}") if tag else base


def _label(what: str, name: str) -> Asks:
    return (Named(what, image_name(name)),) if name else ()


def _local(what: str, text: str) -> Asks:
    """A name, unless it is an id: ids are 12 to 64 hex digits."""
    if not text or _ID.fullmatch(text) or is_digest(text):
        return ()
    return _label(what, text)


def _mounted(mounts: Iterable[Members]) -> Asks:
    """Engines from 28 on mount an image as they mount a volume."""
    images = (body.text_at(one, "Source") for one in mounts if body.text_at(one, "Type") == "image")
    return tuple(ask for image in images for ask in _local("mount of", image))


def _fetched(what: str, address: str) -> Ask:
    found = _ADDRESS.match(address if "://" in address else f"http://{address}")
    if found is None:
        raise UnclearRequest("it fetches from what is no address")
    return Reached(what, _registry(found["server"]))


def _registry(text: str) -> RegistryHost:
    try:
        return RegistryHost.parse(text)
    except InvalidRegistry as error:
        raise UnclearRequest(error.message) from None


def _route(method: str, path: str, reader: _Reader) -> tuple[str, re.Pattern[str], _Reader]:
    return method, re.compile(path.replace("{name}", "(?P<name>.*)")), reader


_ADDRESS: Final = re.compile(r"https?://(?P<server>[^/?#]*)", re.IGNORECASE)
_ID: Final = re.compile(r"[0-9a-f]{12,64}")
_DECIDED: Final = (
    _route("POST", "/containers/create", _container),
    _route("POST", "/images/create", _image_create),
    _route("POST", "/images/load", _load),
    _route("POST", "/images/{name}/push", _push),
    _route("POST", "/images/{name}/tag", _tag),
    _route("GET", "/images/search", _search),
    _route("GET", "/distribution/{name}/json", _distribution),
    _route("POST", "/build", _build),
    _route("POST", "/(?:session|grpc)", _session),
    _route("POST", "/commit", _commit),
    _route("POST", "/services/create", _service),
    _route("POST", "/services/{name}/update", _service),
    _route("POST", "/swarm/join", _swarm_join),
    _route("GET", "/plugins/privileges", _plugin_pull),
    _route("POST", "/plugins/pull", _plugin_pull),
    _route("POST", "/plugins/{name}/upgrade", _plugin_pull),
    _route("POST", "/plugins/create", _plugin_name),
    _route("POST", "/plugins/{name}/push", _plugin_push),
)
_READS_OR_REMOVES: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_HARMLESS: Final = re.compile(
    r"/containers/.*/(?:kill|pause|unpause|restart|start|stop|wait|resize|attach|copy|exec|rename"
    r"|update|checkpoints)"
    r"|/exec/.*/(?:start|resize)"
    r"|/(?:containers|images|networks|volumes|build)/prune"
    r"|/build/cancel|/auth"
    r"|/(?:networks|volumes|secrets|configs)/create"
    r"|/networks/.*/(?:connect|disconnect)"
    r"|/(?:secrets|configs|nodes)/.*/update"
    r"|/plugins/.*/(?:enable|disable|set)"
    r"|/swarm/(?:init|leave|update|unlock)"
)
_HARMLESS_PUTS: Final = re.compile(r"/containers/.*/archive|/volumes/.*")


def _is_harmless(method: str, path: str) -> bool:
    pattern = {"POST": _HARMLESS, "PUT": _HARMLESS_PUTS}.get(method)
    return pattern is not None and pattern.fullmatch(path) is not None

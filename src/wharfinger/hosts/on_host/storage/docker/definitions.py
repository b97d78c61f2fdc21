"""
How a container is defined: compared between two engines, and asked for anew.

A definition is what `inspect` tells, without what is of one engine or one moment only:

    left out                          why
    ids, paths of the driver, state   another engine has its own
    null, "", [], {}                  versions differ in which of them they write for "nothing said"
    ConsoleSize                       the terminal of whoever made it
    OomKillDisable, if it is false    a kernel without it makes that null when the container starts
    Hostname, if it is the short id   the engine made it up
    Image                             compared as an id, and as a name where that still leads to the id
    Binds, Mounts, Volumes,           compared as what is mounted where: anonymous volumes get their
      VolumesFrom                     names said, and inherited ones are named one by one
    Networks of every engine          (bridge, host, none): NetworkMode tells
    Aliases that are the short id     the engine made it up
    addresses that were not asked for given out anew at each start

`container:<id>` in the modes of namespaces becomes `container:<name>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Document = dict[str, Any]

_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
_CONFIG_LEFT_OUT: Final = ("Image", "Volumes")
_HOST_LEFT_OUT: Final = ("Binds", "Mounts", "VolumesFrom", "ConsoleSize")
_NAMESPACES: Final = ("NetworkMode", "IpcMode", "PidMode", "UTSMode", "CgroupnsMode", "UsernsMode")
_OF_EVERY_ENGINE: Final = ("bridge", "default", "host", "none")
_SHORT: Final = 12
_OF_A_CONTAINER: Final = "container:"
_ASKED_OF_NETWORKS: Final = ("IPAMConfig", "Links", "Aliases", "DriverOpts")


def definition(inspected: Document, names: Mapping[str, str]) -> Document:
    """What of a container two engines have to tell alike. `names` are containers by their ids."""
    config = _config(inspected)
    host = _host(inspected, names)
    if not host.get("OomKillDisable"):
        host["OomKillDisable"] = None
    return {
        "config": _said(
            {key: value for key, value in config.items() if key not in _CONFIG_LEFT_OUT}
        ),
        "host": _said({key: value for key, value in host.items() if key not in _HOST_LEFT_OUT}),
        "mounts": mounts(inspected),
        "networks": networks(inspected),
    }


def mounts(inspected: Document) -> dict[str, Document]:
    """What is mounted, by where. A volume by its name, anything else by its source."""
    found: dict[str, Document] = {}
    for one in inspected.get("Mounts") or ():
        kind = one.get("Type", "bind")
        source = one.get("Name") if kind == "volume" else one.get("Source")
        found[one["Destination"]] = {"type": kind, "source": source, "rw": bool(one.get("RW"))}
    return found


def networks(inspected: Document) -> dict[str, Document]:
    """The networks that somebody made, and what was asked of them."""
    attached = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    return {
        name: _asked(end or {}, inspected["Id"])
        for name, end in attached.items()
        if name not in _OF_EVERY_ENGINE
    }


def creation(
    inspected: Document,
    image: str,
    *,
    names: Mapping[str, str],
    is_empty: Callable[[str], bool],
) -> Document:
    """What to ask an engine for, to get the same container again.

    An engine fills an empty volume from the image when a container is made with it. `is_empty` says
    which volumes are empty, and have to stay so.
    """
    config = {**_config(inspected), "Image": image}
    # "Nothing" would be filled in from the image, where an empty list says that it is meant.
    config["Entrypoint"] = config.get("Entrypoint") or []
    host = _host(inspected, names)
    host["VolumesFrom"] = None
    host["Binds"], host["Mounts"] = _mounting(inspected, is_empty)
    first = _first_network(inspected)
    ends = {name: end for name, end in networks(inspected).items() if name == first}
    return {**config, "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": ends}}


def further_networks(inspected: Document) -> dict[str, Document]:
    """Those that a container is connected to after it was made: it is made with one."""
    first = _first_network(inspected)
    return {name: end for name, end in networks(inspected).items() if name != first}


def _first_network(inspected: Document) -> str:
    found = networks(inspected)
    mode = str((inspected.get("HostConfig") or {}).get("NetworkMode") or "")
    if mode in found:
        return mode
    attached = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    by_id = (name for name in found if (attached[name] or {}).get("NetworkID") == mode != "")
    return next(by_id, "")


def _config(inspected: Document) -> Document:
    config = dict(inspected.get("Config") or {})
    if config.get("Hostname") == inspected["Id"][:_SHORT]:
        del config["Hostname"]
    return config


def _host(inspected: Document, names: Mapping[str, str]) -> Document:
    host = dict(inspected.get("HostConfig") or {})
    for key in _NAMESPACES:
        host[key] = _by_name(host.get(key), names)
    first = _first_network(inspected)
    if first:
        host["NetworkMode"] = first
    return host


def _by_name(mode: Any, names: Mapping[str, str]) -> Any:
    if isinstance(mode, str) and mode.startswith(_OF_A_CONTAINER):
        id_ = mode[len(_OF_A_CONTAINER) :]
        return f"{_OF_A_CONTAINER}{names.get(id_, id_)}"
    return mode


def _asked(end: Document, id_: str) -> Document:
    asked = {key: end.get(key) for key in _ASKED_OF_NETWORKS}
    aliases = [one for one in end.get("Aliases") or () if one != id_[:_SHORT]]
    return _said({**asked, "Aliases": aliases})


def _mounting(
    inspected: Document, is_empty: Callable[[str], bool]
) -> tuple[list[str], list[Document]]:
    host = inspected.get("HostConfig") or {}
    binds = {_destination(bind): bind for bind in host.get("Binds") or ()}
    said = {one.get("Target"): dict(one) for one in host.get("Mounts") or ()}
    for place, mount in mounts(inspected).items():
        if mount["type"] != "volume":
            continue
        stays_empty = is_empty(str(mount["source"]))
        if place in said:
            said[place]["Source"] = mount["source"]
            if stays_empty:
                options = said[place].get("VolumeOptions") or {}
                said[place]["VolumeOptions"] = {**options, "NoCopy": True}
            continue
        words = binds.get(place, f"{mount['source']}:{place}{'' if mount['rw'] else ':ro'}")
        binds[place] = _uncopied(words) if stays_empty else words
    return list(binds.values()), list(said.values())


def _uncopied(bind: str) -> str:
    source, place, *mode = bind.split(":")
    words = [*(word for word in ",".join(mode).split(",") if word and word != "nocopy"), "nocopy"]
    return f"{source}:{place}:{','.join(words)}"


def _destination(bind: str) -> str:
    words = bind.split(":")
    return words[1] if len(words) > 1 else words[0]


def _said(document: Document) -> Document:
    """Without what says nothing, at any depth."""
    kept = {
        key: _said(value) if isinstance(value, dict) else value for key, value in document.items()
    }
    return {key: value for key, value in kept.items() if value not in _NOTHING}

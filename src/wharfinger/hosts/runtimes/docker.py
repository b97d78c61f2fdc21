"""
Docker as upstream builds it: `daemon.json`, `certs.d`, and the plugin that decides on images.

`daemon.json` is edited in three keys, `insecure-registries`, `registry-mirrors` and
`authorization-plugins`; all else in it stays. dockerd reads the three again on SIGHUP, so nothing
restarts. It does not go back to its default for a key that has gone, so a list that the site
empties stays as `[]`. https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior

dockerd has no allow and block lists: those are for `wharfinger.hosts.on_host.docker_authz`, which it
asks about each request. It ends itself if it is told of a plugin that does not answer, so the plugin
is started before the daemon is told, and stopped after (`docker_plugin`).

Which registry a name without one means is not for a file to say: it is always Docker Hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from wharfinger.errors import Conflict
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.on_host import daemons
from wharfinger.hosts.on_host.changes import Action, Disruption, DockerAnswers, Handshake, Proof
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.runtimes import access_file, certs_d, docker_plugin
from wharfinger.hosts.site.model import Mirror, Registries, Site
from wharfinger.hosts.wanted import Compiled, Effect, Limit, WantedFile
from wharfinger.oci.reference import HUB, HUB_V2, HUBS
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost

NAME = "docker"
DAEMON_JSON: Final = "/etc/docker/daemon.json"
CERTS_D: Final = "/etc/docker/certs.d"
SYSCONFIG: Final = "/etc/sysconfig/docker"
PLUGIN: Final = units.PLUGIN

INSECURE: Final = "insecure-registries"
MIRRORS: Final = "registry-mirrors"
PLUGINS: Final = "authorization-plugins"

_FLAGS: Final = {
    INSECURE: "--insecure-registry",
    MIRRORS: "--registry-mirror",
    PLUGINS: "--authorization-plugin",
}
_REASONS: Final = {
    INSECURE: "registries.insecure",
    MIRRORS: "registries.mirrors",
    PLUGINS: access_file.REASON,
}
_FIRST_TO_RELOAD: Final = (17, 6)
"""The first version that reads all three keys again on SIGHUP."""

Keys = dict[str, list[str]]


class FlagInTheWay(Conflict):
    """dockerd does not start if a flag and `daemon.json` both set something."""

    code = "docker-flag-in-the-way"

    def __init__(self, key: str, flag: str, path: str, where: str) -> None:
        super().__init__(
            f"cannot set {key} in {path}: the daemon was started with {flag}, given in {where}, and"
            " dockerd refuses to have it from both",
            remedy=f"take {flag} out of {where}, restart Docker, and plan again",
        )
        self.key, self.flag, self.where = key, flag, where


def concerns(facts: Facts) -> bool:
    return NAME in facts.runtimes and not is_red_hats(facts)


def is_red_hats(facts: Facts) -> bool:
    """Is Docker of this host Red Hat's own build, which `docker_rhel.py` compiles for?

    That was 1.x, configured in `sysconfig`; Docker's own packages for the same hosts are 17 and later.
    """
    docker = facts.runtimes[NAME]
    own_flags = ("--add-registry", "--block-registry")
    if any(argument.partition("=")[0] in own_flags for argument in docker.arguments):
        return True
    old = _version(docker) < (2,)
    return facts.family == "redhat" and SYSCONFIG in facts.files and old


def compile(site: Site, facts: Facts) -> Compiled:
    docker = facts.runtimes[NAME]
    trust = site.trust.registries
    daemon = _daemon_json(site.registries, facts, docker)
    trusted = () if trust is None else certs_d.files(CERTS_D, trust, facts, directory=_asked_as)
    return Compiled(
        (*access_file.files(site, facts), *docker_plugin.files(site, facts), *daemon, *trusted),
        tuple(_proofs(site, docker, daemon)) if docker.pid is not None else (),
        tuple(_limits(site, facts)),
    )


def _asked_as(registry: RegistryHost) -> str:
    """Docker Hub has another name when Docker looks for its certificates."""
    hub = registry.host in HUBS and registry.port in (None, HTTPS_PORT)
    return HUB_V2 if hub else str(registry)


def config_file(docker: RuntimeFacts) -> str:
    """Where this daemon reads `daemon.json`."""
    return daemons.option(docker.arguments, "--config-file") or DAEMON_JSON


# daemon.json


def _daemon_json(
    registries: Registries, facts: Facts, docker: RuntimeFacts
) -> tuple[WantedFile, ...]:
    """The file with our keys in it; none where it is not there and nothing has to be in it."""
    path = config_file(docker)
    before = text = JsonText.parse(facts.content(path), path)
    wanted = _wanted_keys(registries, text)
    for key, items in wanted.items():
        _require_no_flag(key, path, facts, docker)
        if items or text.get(key) is not None:
            text = text.with_value((key,), items)
    if not wanted or (text.content == before.content and path not in facts.files):
        return ()
    changed = [key for key in wanted if text.get(key) != before.get(key)]
    reason = ", ".join(_REASONS[key] for key in changed)
    return (WantedFile(path, text.content, reason, tuple(_effects(docker, changed, wanted))),)


def _wanted_keys(registries: Registries, text: JsonText) -> Keys:
    """The keys that the site governs, with what shall be in them."""
    keys: Keys = {}
    unsafe = [mirror.location.registry for mirror in _hub_mirrors(registries) if mirror.insecure]
    if registries.insecure is not None:
        keys[INSECURE] = _keep_order(
            _items(text, INSECURE), [*_insecure(registries), *map(str, unsafe)]
        )
    elif unsafe:
        keys[INSECURE] = _joined(_items(text, INSECURE), map(str, unsafe))
    if registries.mirrors is not None:
        keys[MIRRORS] = _mirrors(registries, _items(text, MIRRORS))
    if (policy := registries.access) is not None:
        others = [name for name in _items(text, PLUGINS) if name != PLUGIN]
        keys[PLUGINS] = [*others, PLUGIN] if access_file.decides(policy) else others
    return keys


def _items(text: JsonText, key: str) -> list[str]:
    found = text.get(key)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _keep_order(found: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """What is wanted, in the order in which it stands there: the order says nothing."""
    return _joined([item for item in found if item in wanted], wanted)


def _joined(found: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*found, *more]))


def _insecure(registries: Registries) -> Iterator[str]:
    assert registries.insecure is not None
    for registry in registries.insecure.registries:
        if _refused_as_insecure(registry) is None:
            yield str(registry)
    yield from map(str, registries.insecure.networks)


def _refused_as_insecure(registry: RegistryHost) -> str | None:
    if registry.host in HUBS:
        return "Docker speaks to Docker Hub with TLS only, whatever its configuration says"
    if registry.host.startswith("[") and registry.port is None:
        return "Docker takes an IPv6 address only with its port here: name it with one"
    return None


def _hub_mirrors(registries: Registries) -> Iterator[Mirror]:
    """The mirrors that Docker can ask: whole registries that stand for all of Docker Hub."""
    for pattern, mirrors in (registries.mirrors or {}).items():
        if str(pattern) == HUB:
            yield from (mirror for mirror in mirrors if not mirror.location.path)


def _mirrors(registries: Registries, found: Sequence[str]) -> list[str]:
    """Addresses in order. A mirror that may be insecure is asked with TLS first, then without."""
    wanted = [
        f"{scheme}://{mirror.location.registry}"
        for mirror in _hub_mirrors(registries)
        for scheme in (("https", "http") if mirror.insecure else ("https",))
    ]
    return list(found) if [address.rstrip("/") for address in found] == wanted else wanted


def _effects(docker: RuntimeFacts, changed: Sequence[str], wanted: Keys) -> Iterator[Effect]:
    if PLUGINS in changed:
        yield docker_plugin.START if PLUGIN in wanted[PLUGINS] else docker_plugin.STOP
    if docker.pid is None:
        return
    if _version(docker) >= _FIRST_TO_RELOAD:
        why = f"dockerd reads {', '.join(changed)} again on SIGHUP"
        yield Effect(Action.RELOAD_DOCKER, Disruption.RELOAD, why)
        return
    stops = docker.containers != 0 and not docker.live_restore
    yield Effect(
        Action.RESTART_DOCKER,
        Disruption.DRAIN if stops else Disruption.RESTART,
        f"dockerd {docker.version} reads {', '.join(changed)} at its start only"
        + (", and its containers stop with it (live-restore is off)" if stops else ""),
    )


def _version(docker: RuntimeFacts) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", docker.version)[:2])


def _require_no_flag(key: str, path: str, facts: Facts, docker: RuntimeFacts) -> None:
    flag = _FLAGS[key]
    if daemons.option(docker.arguments, flag) is not None:
        raise FlagInTheWay(key, flag, path, _where_given(flag, facts, docker))


def _where_given(flag: str, facts: Facts, docker: RuntimeFacts) -> str:
    """The file that has the flag in a line that counts, or else how to find it."""
    for path, found in facts.files.items():
        lines = (found.content or b"").decode(errors="replace").splitlines()
        if any(flag in line and not line.lstrip().startswith("#") for line in lines):
            return path
    unit = docker.unit
    return f"the command line of process {docker.pid}" if unit is None else f"the unit {unit}"


# Proofs and limits


def _proofs(site: Site, docker: RuntimeFacts, daemon: Sequence[WantedFile]) -> Iterator[Proof]:
    for file in daemon:
        keys = JsonText.parse(file.content, file.path)
        governed = _wanted_keys(site.registries, keys)
        yield DockerAnswers(
            insecure=tuple(governed[INSECURE]) if INSECURE in governed else None,
            mirrors=tuple(governed[MIRRORS]) if MIRRORS in governed else None,
            plugin=PLUGIN in governed.get(PLUGINS, ()),
            same_pid=_version(docker) >= _FIRST_TO_RELOAD,
        )
    for registry in site.trust.registries or {}:
        yield Handshake(str(registry), NAME)


def _limits(site: Site, facts: Facts) -> Iterator[Limit]:
    registries = site.registries
    if registries.search and any(str(one) != HUB for one in registries.search):
        yield Limit("registries.search", "a name without a registry is always one of docker.io")
    for registry in registries.insecure.registries if registries.insecure else ():
        if (why := _refused_as_insecure(registry)) is not None:
            yield Limit(f"registries.insecure: {registry}", why)
    yield from _mirror_limits(registries)
    yield from docker_plugin.limits(registries, facts)
    for path in certs_d.keyless(CERTS_D, facts):
        yield Limit(
            "trust.registries",
            f"{path} has no key beside it: Docker takes it for a client certificate and refuses"
            " this registry; if it is an authority, rename it to .crt",
        )


def _mirror_limits(registries: Registries) -> Iterator[Limit]:
    for pattern, mirrors in (registries.mirrors or {}).items():
        statement = f"registries.mirrors: {pattern}"
        if str(pattern) != HUB:
            yield Limit(
                statement, "Docker mirrors all of docker.io and nothing else: it is pulled directly"
            )
        elif any(mirror.location.path for mirror in mirrors):
            yield Limit(statement, "Docker asks no mirror below a path: those are left out")

"""What the files of one host say, from its facts, as a site file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wharfinger.hosts.adopt import (
    adopted,
    containerd,
    containers,
    docker,
    storage_setup,
    trust_files,
)
from wharfinger.hosts.adopt.adopted import Adopted
from wharfinger.hosts.adopt.said import Said
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes.docker import config_file


def adopt(facts: Facts) -> Adopted:
    return adopted.joined(list(said(facts)))


def said(facts: Facts) -> Iterator[Said]:
    """Each source that the host has."""
    files = {
        path: found.content for path, found in facts.files.items() if found.content is not None
    }
    yield from _containers(files)
    yield from _docker(facts, files)
    if (hosts := containerd.said(facts)) is not None:
        yield hosts
    for root in trust_files.TREES:
        if (tree := trust_files.tree(root, facts)) is not None:
            yield tree
    for path in storage_setup.FILES:
        if path in files:
            yield storage_setup.said(files[path], path)
    if (anchors := trust_files.anchors(facts)) is not None:
        yield anchors


def _containers(files: dict[str, bytes]) -> Iterator[Said]:
    conf, access = containers.registries(files), containers.access(files)
    if conf is not None and access is not None and access.source == containers.ACCESS:
        # What an earlier apply put in the files follows from the lists that it left beside them.
        conf = replace(conf, allow=None, block=None)
    elif conf is not None and access is not None and conf.block and access.block:
        # Blocked by one of the two files is blocked: this is no disagreement.
        conf = replace(conf, block=(*conf.block, *access.block))
        access = replace(access, block=None)
    yield from (one for one in (conf, access) if one is not None)


def _docker(facts: Facts, files: dict[str, bytes]) -> Iterator[Said]:
    for path, content in sorted(files.items()):
        if path in docker.OPTIONS:
            yield docker.options(content, path)
        elif path.startswith(docker.UNIT) and path.endswith(".conf"):
            yield docker.unit(content, path)
    running = facts.runtimes.get("docker")
    path = docker.DAEMON_JSON if running is None else config_file(running)
    if (daemon := files.get(path)) is not None:
        yield docker.daemon(daemon, path)
    if running is not None:
        yield docker.arguments(running.arguments)

"""Open what `wharf copy` was given as repositories, and say which image of them is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from wharfinger.cli import cert_folder, registry_logins
from wharfinger.cli.copy_options import Side
from wharfinger.cli.errors import UsageError
from wharfinger.oci.credentials import Credential, InvalidCredentials
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote.copy.locations import (
    ArchiveLocation,
    DockerLocation,
    LayoutLocation,
    Location,
)
from wharfinger.remote.layouts import docker_archive
from wharfinger.remote.layouts.docker_archive_writing import DockerArchiveFile
from wharfinger.remote.layouts.oci_layout import OciLayout
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.repository import Source, Target
from wharfinger.remote.retry import Retry
from wharfinger.remote.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How one side is reached."""

    login: Credential | None
    side: Side
    seconds: float
    retries: int


@dataclass(frozen=True, slots=True)
class From:
    repository: Source
    reference: Digest | Tag


@dataclass(frozen=True, slots=True)
class To:
    """Without a `goal` an image has no name there; a `digest` is what it must have."""

    repository: Target
    goal: Tag | None
    digest: Digest | None = None


async def source(place: Location, means: Means, stack: AsyncExitStack) -> From:
    match place:
        case DockerLocation(image):
            registries, logins = await _registries(image, means, stack)
            found = registries.source(
                image, logins=logins, insecure=means.side.insecure, seconds=means.seconds
            )
            return From(found, _reference(image))
        case LayoutLocation(path, ref):
            layout = await asyncio.to_thread(OciLayout.existing, path)
            entry = await asyncio.to_thread(layout.entry, ref)
            return From(layout, Tag.find(entry.name) or entry.descriptor.digest)
        case ArchiveLocation(path, image, number):
            archive = await docker_archive.opened(path, image=image, number=number)
            return From(archive, archive.digest_made)


async def whole_source(place: Location, means: Means, stack: AsyncExitStack) -> Source:
    """A repository with all its tags."""
    match place:
        case DockerLocation(image) if not image.tag and not image.id:
            return (await source(place, means, stack)).repository
        case LayoutLocation(path, ""):
            return await asyncio.to_thread(OciLayout.existing, path)
    raise UsageError(
        f"cannot copy all tags of {place}", remedy="name a repository or a layout, and no tag"
    )


async def target(place: Location, means: Means, stack: AsyncExitStack, origin: Tag | None) -> To:
    """`origin` is the tag that the image comes from: it names it where no other name was given."""
    match place:
        case DockerLocation(image):
            found = await _docker_target(image, means, stack)
            digest = Digest.parse(image.id) if image.id else None
            tag = image.tag or ("" if digest else DEFAULT_TAG)
            return To(found, Tag.parse(tag) if tag else None, digest)
        case LayoutLocation(path, ref):
            named = Tag.parse(ref) if ref else origin or Tag(DEFAULT_TAG)
            return To(await asyncio.to_thread(OciLayout.to_write, path), named)
        case ArchiveLocation(path, image, None):
            return To(await stack.enter_async_context(DockerArchiveFile(path, image)), None)
        case ArchiveLocation():
            raise UsageError(f"cannot write {place}: a new archive has no numbers")


async def whole_target(place: Location, means: Means, stack: AsyncExitStack) -> Target:
    match place:
        case DockerLocation(image) if not image.tag and not image.id:
            return await _docker_target(image, means, stack)
        case LayoutLocation(path, ""):
            return await asyncio.to_thread(OciLayout.to_write, path)
    raise UsageError(
        f"cannot copy all tags to {place}", remedy="name a repository or a layout, and no tag"
    )


async def _docker_target(image: ImageReference, means: Means, stack: AsyncExitStack) -> Target:
    registries, logins = await _registries(image, means, stack)
    return registries.target(
        image, logins=logins, insecure=means.side.insecure, seconds=means.seconds
    )


async def _registries(
    image: ImageReference, means: Means, stack: AsyncExitStack
) -> tuple[Registries, list[Credential]]:
    registries = Registries(
        reach=Reach.everywhere(), trust=_trust(means.side), retry=Retry(times=means.retries)
    )
    await stack.enter_async_context(registries)
    login = means.login or await asyncio.to_thread(_kept_login, means.side, image)
    return registries, [] if login is None else [login]


def _trust(side: Side) -> Callable[[RegistryHost], Trust]:
    if side.cert_dir is None:
        return cert_folder.usual
    given = cert_folder.read(side.cert_dir)
    return lambda _: given


def _kept_login(side: Side, image: ImageReference) -> Credential | None:
    if side.authfile is None:
        return registry_logins.login(registry_logins.files(), image)
    try:
        files = [registry_logins.read(side.authfile)]
    except (OSError, InvalidCredentials) as error:
        why = error.message if isinstance(error, InvalidCredentials) else error.strerror
        raise UsageError(f"cannot read the logins in {side.authfile}: {why}") from None
    return registry_logins.login(files, image)


def _reference(image: ImageReference) -> Digest | Tag:
    return Digest.parse(image.id) if image.id else Tag.parse(image.tag or DEFAULT_TAG)

"""
What `wharf policy` may look up: what a dump has, and with `--resolve` what registries say.

Registries are asked as the hosts of the site ask them, with the logins of the user.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import Flag, Text
from wharfinger.images.offline.dump import Dump
from wharfinger.images.offline.dump_lookup import DumpLookup
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import Lookup

if TYPE_CHECKING:
    from wharfinger.cli.site_registries import SiteRegistries
    from wharfinger.oci.credentials import Credential
    from wharfinger.oci.reference import ImageReference
    from wharfinger.remote.logins import LoginFile
    from wharfinger.remote.repository import Source


@Parameter(name="*", group=Group("What may be looked up", sort_key=50))
@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What there is besides the manifests."""

    registry: Text = ""
    """HOST[:PORT] of the integrated registry."""

    resolve: Flag = False
    """Ask registries what names mean, where the policy has them asked, with the logins of the user."""

    site: Annotated[Path | None, Parameter(show_default=False)] = None
    """Site file that says whom to trust, which registries are insecure, and mirrors."""


WORLD: Final = World()


@asynccontextmanager
async def opened(found: Dump, policy: Policy, world: World) -> AsyncIterator[Lookup]:
    offline = DumpLookup.of(found, policy)
    if not world.resolve:
        if world.site is not None:
            raise UsageError("cannot use --site without --resolve")
        yield offline
        return
    from wharfinger.cli import registry_logins, site_file, site_registries
    from wharfinger.hosts.site.model import Site
    from wharfinger.images.lookup import remote_images
    from wharfinger.images.lookup.remote_lookup import RemoteLookup
    from wharfinger.remote.reach import Reach
    from wharfinger.remote.registries import Registries

    site = site_file.load(world.site) if world.site is not None else Site()
    async with Registries(
        reach=Reach.everywhere(), trust=lambda host: site_registries.trust_of(site, host)
    ) as registries:
        images = remote_images.RemoteImages(
            _WithLogins(site_registries.SiteRegistries(registries, site), registry_logins.files()),
            labels=lambda: remote_images.wants_labels(policy),
        )
        try:
            yield RemoteLookup(images=images, streams=offline)
        finally:
            await images.close()


@dataclass(frozen=True, slots=True)
class _WithLogins:
    registries: SiteRegistries
    files: Sequence[LoginFile]

    def source(
        self, name: ImageReference, *, logins: Sequence[Credential] = (), seconds: float
    ) -> Source:
        from wharfinger.cli import registry_logins

        own = registry_logins.login(self.files, name)
        more = () if own is None else (own,)
        return self.registries.source(name, logins=(*logins, *more), seconds=seconds)

"""What `wharf policy` may look up: what a dump has, and with `--resolve` what registries say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharfinger.images.dump import Dump
from wharfinger.images.dump_lookup import DumpLookup
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import Lookup

if TYPE_CHECKING:
    from wharfinger.oci.credentials import Credential
    from wharfinger.oci.reference import ImageReference
    from wharfinger.remote.logins import LoginFile
    from wharfinger.remote.registries import Registries
    from wharfinger.remote.repository import Source


@asynccontextmanager
async def opened(found: Dump, policy: Policy, *, resolve: bool) -> AsyncIterator[Lookup]:
    """Registries are asked with the logins of the user."""
    offline = DumpLookup.of(found, policy)
    if not resolve:
        yield offline
        return
    from wharfinger.cli import registry_logins
    from wharfinger.images import remote_images
    from wharfinger.images.remote_lookup import RemoteLookup
    from wharfinger.remote.reach import Reach
    from wharfinger.remote.registries import Registries

    async with Registries(reach=Reach.everywhere()) as registries:
        images = remote_images.RemoteImages(
            _WithLogins(registries, registry_logins.files()),
            labels=lambda: remote_images.wants_labels(policy),
        )
        try:
            yield RemoteLookup(images=images, streams=offline)
        finally:
            await images.close()


@dataclass(frozen=True, slots=True)
class _WithLogins:
    registries: Registries
    files: Sequence[LoginFile]

    def source(
        self, name: ImageReference, *, logins: Sequence[Credential] = (), seconds: float
    ) -> Source:
        from wharfinger.cli import registry_logins

        own = registry_logins.login(self.files, name)
        return self.registries.source(
            name, logins=[*logins, *([] if own is None else [own])], seconds=seconds
        )

"""
Image policy in our own API, as the settings ask for it.

Whoever may make a pod names a registry, so others are asked as imports ask them: no further than
imports reach, and with what the site trusts for imports.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from wharfinger.cluster.cache import Cache
from wharfinger.images.admission import ImagePolicyReview
from wharfinger.images.importing import permits
from wharfinger.images.importing.fetching import Sources
from wharfinger.images.importing.trust import Bundles
from wharfinger.images.lookup.cache_lookup import CacheLookup
from wharfinger.images.lookup.remote_images import RemoteImages, wants_labels
from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.import_list import ImportList
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.remote.reach import Reach
from wharfinger.remote.repository import Source
from wharfinger.server import import_settings
from wharfinger.server.imports import named_in_full
from wharfinger.server.metrics import Metrics
from wharfinger.server.policy_file import PolicyFile
from wharfinger.server.settings import Settings


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """The review of each write, and the file that it goes by."""

    file: PolicyFile
    review: ImagePolicyReview


@asynccontextmanager
async def opened(
    settings: Settings, cache: Cache, metrics: Metrics, imports: ImportPolicy
) -> AsyncIterator[ImagePolicy | None]:
    """None without a policy. Raise what is wrong with its file."""
    if settings.image_policy is None:
        yield None
        return
    # Slow to import, and most servers have no policy.
    from wharfinger.remote.registries import Registries

    file = PolicyFile(settings.image_policy, metrics)
    site = import_settings.authorities(settings.import_policy, imports.additional_ca)
    bundles = Bundles(cache, site)
    reach = Reach.outside(settings.import_inside, named_in_full(imports))

    def labels() -> bool:
        return wants_labels(file.policy)

    async with Registries(
        reach=reach, trust=lambda host: bundles.of("", None).trust(host)
    ) as registries:
        images = RemoteImages(ListedRegistries(registries, imports.allowed), labels=labels)
        streams = CacheLookup(cache, labels=labels)
        review = ImagePolicyReview(
            lambda: file.policy, cache, streams, images, registry=imports.internal
        )
        try:
            yield ImagePolicy(file, review)
        finally:
            await images.close()


@dataclass(frozen=True, slots=True)
class ListedRegistries:
    """Other registries; insecure are those that the list of imports allows to be."""

    registries: Sources
    allowed: ImportList | None

    def source(
        self, name: ImageReference, *, logins: Sequence[Credential] = (), seconds: float
    ) -> Source:
        insecure = permits.may_be_insecure(name, self.allowed)
        return self.registries.source(name, logins=logins, insecure=insecure, seconds=seconds)

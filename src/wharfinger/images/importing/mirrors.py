"""
Registries as imports ask them: through the mirrors that the site names, and then at the source.

A mirror is chosen by the administrator, so it may be inside; each has a share of the time, and no login
of a project is for it. Names of record stay those of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wharfinger.images.importing import permits
from wharfinger.images.importing.fetching import Sources
from wharfinger.images.pulls import candidates
from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.remote.errors import OutOfReach
from wharfinger.remote.mirrors import Mirrored
from wharfinger.remote.repository import Source


@dataclass(frozen=True, slots=True)
class MirroredSources:
    """`Sources` over others. `source` raises `OutOfReach` where nothing is left to be asked."""

    sources: Sources
    policy: ImportPolicy

    def source(
        self,
        name: ImageReference,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
        seconds: float,
    ) -> Source:
        own = name.with_client_defaults().as_repository()
        places = candidates.mirrored(name, self.policy.mirrors)
        if not places:
            raise OutOfReach(own.registry, "its mirrors do not serve this, and it may not be asked")
        share = seconds / len(places)
        found = [
            self.sources.source(own, logins=logins, insecure=insecure, seconds=share)
            if place == own
            else self.sources.source(place, insecure=self._may_be_insecure(place), seconds=share)
            for place in places
        ]
        return Mirrored(found) if len(found) > 1 else found[0]

    def _may_be_insecure(self, mirror: ImageReference) -> bool:
        return permits.may_be_insecure(mirror, self.policy.allowed)

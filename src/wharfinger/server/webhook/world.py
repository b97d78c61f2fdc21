"""
What a webhook may look up: other registries always, and the cluster that it serves if it may ask it.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.images.cluster_view import ClusterView
from wharfinger.images.pull_accounts import PullAccount
from wharfinger.images.remote_images import RemoteImages
from wharfinger.images.remote_lookup import RemoteLookup
from wharfinger.policy.imagepolicy.model import Lookup


@dataclass(frozen=True, slots=True)
class KnownCluster:
    images: RemoteImages
    cluster: ClusterView

    async def ignored_rules(self, namespace: str) -> frozenset[str]:
        return await self.cluster.ignored_rules(namespace)

    def lookup(self, puller: PullAccount, until: float) -> Lookup:
        return RemoteLookup(
            images=self.images,
            streams=self.cluster,
            keyrings=self.cluster,
            puller=puller,
            until=until,
        )


@dataclass(frozen=True, slots=True)
class NoCluster:
    """No namespace ignores a rule, and registries are asked without logins."""

    images: RemoteImages

    async def ignored_rules(self, _namespace: str) -> frozenset[str]:
        return frozenset()

    def lookup(self, puller: PullAccount, until: float) -> Lookup:
        return RemoteLookup(images=self.images, puller=puller, until=until)

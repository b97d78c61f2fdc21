"""
What a webhook may look up: other registries always, and the cluster that it serves if it may ask it.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.images.lookup.cluster_view import ClusterStreams, ClusterView
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.images.lookup.remote_lookup import RemoteLookup
from wharfinger.policy.imagepolicy.model import Lookup


@dataclass(frozen=True, slots=True)
class KnownCluster:
    images: RemoteImages
    cluster: ClusterView

    async def ignored_rules(self, namespace: str, until: float) -> frozenset[str]:
        return await self.cluster.ignored_rules(namespace, until)

    def lookup(self, puller: PullAccount, until: float) -> Lookup:
        return RemoteLookup(
            images=self.images,
            streams=ClusterStreams(self.cluster, until),
            keyrings=self.cluster,
            puller=puller,
            until=until,
        )


@dataclass(frozen=True, slots=True)
class NoCluster:
    """No namespace ignores a rule, and registries are asked without logins."""

    images: RemoteImages

    async def ignored_rules(self, _namespace: str, _until: float) -> frozenset[str]:
        return frozenset()

    def lookup(self, puller: PullAccount, until: float) -> Lookup:
        return RemoteLookup(images=self.images, puller=puller, until=until)

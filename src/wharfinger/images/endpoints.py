"""The endpoints of `image.openshift.io/v1`, put together."""

from __future__ import annotations

from wharfinger.cluster.authorize import Authorizer
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.objects import Objects
from wharfinger.images.streams.mappings import Mappings
from wharfinger.images.streams.signature_objects import ImageSignatures
from wharfinger.images.streams.stream_endpoints import ImageStreams
from wharfinger.images.streams.stream_parts import StreamImages, StreamLayers, StreamSecrets
from wharfinger.images.streams.streams import Streams
from wharfinger.images.streams.tags import ImageStreamTags, ImageTags
from wharfinger.registry.registry import Registry


def resources(
    objects: Objects, registry: Registry, *, streams: Streams, authorizer: Authorizer
) -> tuple[Endpoint, ...]:
    """Every endpoint but that of imports; images themselves are stored as they are."""
    return (
        ImageStreams(objects, streams),
        StreamSecrets(objects),
        StreamLayers(objects, streams),
        StreamImages(objects, streams),
        ImageStreamTags(objects, registry, streams),
        ImageTags(objects, registry, streams),
        Mappings(objects, registry, streams, authorizer),
        ImageSignatures(objects),
    )

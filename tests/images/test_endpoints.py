"""Every kind of images is served, and by the endpoints of images alone where the registry is concerned."""

from wharfinger.cluster.kinds import ALL, VIRTUAL
from wharfinger.cluster.kinds.openshift.image_spec import GROUP
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM, IMAGE_STREAM_IMPORT


def test_every_computed_kind_of_images_has_its_endpoint(dock):
    served = {endpoint.kind.resource for endpoint in dock.endpoints.values()}
    wanted = {one.resource for one in VIRTUAL if one.verbs and one.group == GROUP}

    assert wanted - {IMAGE_STREAM_IMPORT.resource} <= served


def test_streams_and_all_below_them_are_served(dock):
    below = {f"imagestreams/{one.name}" for one in IMAGE_STREAM.subresources if one.kind}

    assert {"imagestreams", *below} <= set(dock.endpoints)
    assert {one.plural for one in ALL if one.group == GROUP} == {"images", "imagestreams"}

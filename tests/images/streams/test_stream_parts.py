"""What is read below a stream, and the signatures of an image."""

import base64

import pytest

from wharfinger.cluster.errors import ObjectExists, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.options import DeleteOptions, Options
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams.stream_parts import layers

LOGIN = base64.b64encode(b'{"auths":{"quay.io":{"auth":"YTpi"}}}').decode()


async def test_the_secrets_for_images_are_those_of_the_project(dock):
    await dock.make_stream("team/app")
    for namespace, name, more in (
        ("team", "login", {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": LOGIN}}),
        ("team", "other", {"type": "Opaque"}),
        ("other", "login", {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": LOGIN}}),
    ):  # fmt: skip
        secret = {"metadata": {"name": name}, **more}
        await dock.objects.create(SECRET, namespace, secret, SYSTEM)

    found = await dock.endpoints["imagestreams/secrets"].get(SYSTEM, "team", "app")

    assert (found["apiVersion"], found["kind"]) == ("image.openshift.io/v1", "SecretList")
    assert [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in found["items"]] == [
        ("team", "login")
    ]
    with pytest.raises(ObjectNotFound):
        await dock.endpoints["imagestreams/secrets"].get(SYSTEM, "team", "none")


async def test_the_layers_of_a_stream_are_those_of_all_its_images(dock):
    first = await dock.push("team/app", "1", {"n": "1"})
    second = await dock.push("team/app", "1", {"n": "2"})
    await dock.objects.delete(IMAGE, "", str(first), SYSTEM)

    found = await dock.endpoints["imagestreams/layers"].get(SYSTEM, "team", "app")

    known = dock.known(second)
    (layer,) = known["dockerImageLayers"]
    config = known["dockerImageMetadata"]["Id"]
    assert found["images"][str(first)] == {"imageMissing": True, "layers": None}
    assert found["images"][str(second)] == {"layers": [layer["name"]], "config": config}
    assert found["blobs"][layer["name"]]["size"] == layer["size"]
    assert set(found["blobs"]) == {layer["name"], config}


def test_the_images_of_an_index_are_told_with_it():
    child = {"metadata": {"name": "sha256:c"}, "dockerImageLayers": []}
    index = {
        "metadata": {"name": "sha256:i"},
        "dockerImageManifests": [{"digest": "sha256:c"}, {"digest": "sha256:none"}],
        "dockerImageMetadata": {"Id": "sha256:i"},
    }
    stream = {"status": {"tags": [{"tag": "1", "items": [{"image": "sha256:i"}]}]}}

    blobs, images = layers(stream, {"sha256:c": child, "sha256:i": index}.get)

    assert images["sha256:i"] == {"layers": [], "manifests": ["sha256:c", "sha256:none"]}
    assert images["sha256:c"] == {"layers": []}
    assert images["sha256:none"]["imageMissing"]
    assert blobs == {}


def signature(name, **more):
    content = base64.b64encode(b"signed").decode()
    return {"metadata": {"name": name}, "type": "atomic", "content": content, **more}


async def test_a_signature_is_kept_in_its_image(dock):
    signatures = dock.endpoints["imagesignatures"]
    digest = await dock.push("team/app", "1")
    name = f"{digest}@dock"

    await signatures.create(SYSTEM, "", "", signature(name), Options())

    (kept,) = dock.known(digest)["signatures"]
    assert (kept["metadata"]["name"], kept["type"]) == (name, "atomic")
    with pytest.raises(ObjectExists):
        await signatures.create(SYSTEM, "", "", signature(name), Options())
    with pytest.raises(ObjectInvalid):
        await signatures.create(SYSTEM, "", "", signature("dock"), Options())
    with pytest.raises(ObjectNotFound):
        await signatures.create(SYSTEM, "", "", signature("sha256:none@dock"), Options())

    await signatures.delete(SYSTEM, "", name, DeleteOptions(dry_run=True))
    assert dock.known(digest)["signatures"]
    await signatures.delete(SYSTEM, "", name, DeleteOptions())

    assert dock.known(digest)["signatures"] == []
    with pytest.raises(ObjectNotFound):
        await signatures.delete(SYSTEM, "", name, DeleteOptions())

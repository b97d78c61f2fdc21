"""What an Image tells, and that no config can make it tell half or too much."""

import json

import pytest

from wharfinger.images.streams import metadata
from wharfinger.images.streams.metadata import UnreadableConfig
from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest

NOW = "2026-01-02T03:04:05Z"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN_TYPE = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def descriptor(data, media_type, **more):
    digest = str(Digest.of(data))
    return {"mediaType": media_type, "digest": digest, "size": len(data), **more}


def image_of(config, *, layers=(), config_type=CONFIG_TYPE, told=True):
    document = {
        "schemaVersion": 2,
        "config": descriptor(config, config_type),
        "layers": [descriptor(data, kind) for data, kind in layers],
    }
    raw = json.dumps(document).encode()
    manifest = manifests.parse(raw, media_types.OCI_IMAGE)
    return metadata.image(
        Digest.of(raw), "hub.test/a/b@x", manifest, config if told else None, now=NOW
    )


def test_an_image_tells_what_its_config_says():
    config = json.dumps(
        {
            "created": "2025-06-07T08:09:10Z",
            "architecture": "amd64",
            "os": "linux",
            "history": [{"created_by": "secret --build-arg"}],
            "config": {
                "Labels": {"team": "dock"},
                "Env": ["PATH=/bin"],
                "Cmd": ["sh"],
                "ExposedPorts": {"80/tcp": {}},
                "Healthcheck": {"Test": ["NONE"]},
            },
        }
    ).encode()

    found = image_of(
        config, layers=[(b"one", LAYER_TYPE), (b"two", LAYER_TYPE), (b"one", LAYER_TYPE)]
    )

    told = found["dockerImageMetadata"]
    assert told == {
        "kind": "DockerImage",
        "apiVersion": "image.openshift.io/1.0",
        "Id": str(Digest.of(config)),
        "Created": "2025-06-07T08:09:10Z",
        "Architecture": "amd64",
        "Os": "linux",
        "ContainerConfig": {},
        "Size": len(config) + 6,
        "Config": {
            "Labels": {"team": "dock"},
            "Env": ["PATH=/bin"],
            "Cmd": ["sh"],
            "ExposedPorts": {"80/tcp": {}},
        },
    }
    assert metadata.labels(found) == {"team": "dock"}
    assert [layer["size"] for layer in found["dockerImageLayers"]] == [3, 3, 3]
    assert found["dockerImageManifestMediaType"] == media_types.OCI_IMAGE


def test_layers_that_stay_with_their_owner_are_told_and_counted():
    found = image_of(b"{}", layers=[(b"base", FOREIGN_TYPE), (b"mine", LAYER_TYPE)])

    assert [one["mediaType"] for one in found["dockerImageLayers"]] == [FOREIGN_TYPE, LAYER_TYPE]
    assert found["dockerImageMetadata"]["Size"] == 2 + 4 + 4


def test_an_index_tells_its_images_and_nothing_of_a_config():
    children = [
        descriptor(
            b"x",
            media_types.OCI_IMAGE,
            platform={"architecture": "arm64", "os": "linux", "variant": "v8"},
        ),
        descriptor(b"y", media_types.OCI_IMAGE, platform=["no object"]),
    ]
    raw = json.dumps({"schemaVersion": 2, "manifests": children}).encode()
    manifest = manifests.parse(raw, media_types.OCI_INDEX)

    found = metadata.image(Digest.of(raw), "hub.test/a/b@x", manifest, now=NOW)

    assert found["dockerImageMetadata"]["Id"] == found["metadata"]["name"] == str(Digest.of(raw))
    assert found["dockerImageMetadata"]["Created"] == NOW
    assert metadata.labels(found) is None
    assert found["dockerImageManifests"] == [
        {
            "digest": children[0]["digest"],
            "mediaType": media_types.OCI_IMAGE,
            "manifestSize": 1,
            "architecture": "arm64",
            "os": "linux",
            "variant": "v8",
        },
        {
            "digest": children[1]["digest"],
            "mediaType": media_types.OCI_IMAGE,
            "manifestSize": 1,
            "architecture": "unknown",
            "os": "unknown",
        },
    ]


def test_without_its_config_an_image_has_no_labels_rather_than_none_set():
    config = b'{"config": {"Labels": {"a": "b"}}}'

    assert metadata.labels(image_of(config, told=False)) is None
    assert metadata.labels(image_of(b"{}")) == {}


def test_what_is_no_config_of_an_image_is_not_read():
    found = image_of(b"not json", config_type="application/vnd.cncf.helm.config.v1+json")

    assert "Config" not in found["dockerImageMetadata"]


HOSTILE = {
    "no JSON": b"{",
    "no object": b"[]",
    "two meanings": b'{"config": {}, "config": {"Labels": {"a": "b"}}}',
    "deep": b'{"a":' * 60 + b"1" + b"}" * 60,
    "config is a list": b'{"config": []}',
    "labels are a list": b'{"config": {"Labels": ["a"]}}',
    "a label is a number": b'{"config": {"Labels": {"a": 1}}}',
    "time without end": json.dumps({"created": "1" * 65}).encode(),
    "many labels": json.dumps(
        {"config": {"Labels": {str(n): "x" * 90 for n in range(4000)}}}
    ).encode(),
    "over the limit": b" " * (metadata.CONFIG_LIMIT + 1),
}


@pytest.mark.parametrize("config", HOSTILE.values(), ids=HOSTILE)
def test_a_config_that_cannot_be_trusted_is_refused_whole(config):
    with pytest.raises(UnreadableConfig):
        image_of(config)
    assert metadata.labels(image_of(config, told=False)) is None


@pytest.mark.parametrize("told", [7, {"Config": 7}, {"Config": {"Labels": {"a": 1}}}])
def test_labels_that_a_client_has_written_wrong_are_not_taken_for_none(told):
    with pytest.raises(UnreadableConfig):
        metadata.labels({"dockerImageMetadata": told})


def test_layers_without_end_are_shown_up_to_a_limit_and_all_counted():
    many = [(str(n).encode(), LAYER_TYPE) for n in range(metadata.LAYERS_SHOWN + 5)]

    found = image_of(b"{}", layers=many)

    assert len(found["dockerImageLayers"]) == metadata.LAYERS_SHOWN
    assert found["dockerImageMetadata"]["Size"] == 2 + sum(len(data) for data, _ in many)

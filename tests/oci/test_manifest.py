import json

import pytest

from wharfinger.oci import manifest, media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import (
    InvalidDigest,
    InvalidJson,
    InvalidManifest,
    ManifestTooLarge,
    UnsupportedManifest,
)

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(Digest.of(b"c")), "size": 1}  # fmt: skip
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": str(Digest.of(b"l")), "size": 1}  # fmt: skip
CHILD = {"mediaType": media_types.OCI_IMAGE, "digest": str(Digest.of(b"m")), "size": 1}


def image(**changes):
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": CONFIG,
        "layers": [LAYER],
    }
    return json.dumps(document | changes).encode()


def index(**changes):
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [CHILD]}
    return json.dumps(document | changes).encode()


def test_an_image_names_its_config_and_layers():
    parsed = manifest.parse(image(), media_types.OCI_IMAGE)

    assert [str(blob.digest) for blob in parsed.blobs] == [CONFIG["digest"], LAYER["digest"]]
    assert parsed.children == ()
    assert parsed.subject is None


def test_the_bytes_stay_as_they_came():
    raw = b" \n" + image() + b"\n"

    assert manifest.parse(raw, media_types.OCI_IMAGE).raw is raw


def test_an_index_names_its_children():
    parsed = manifest.parse(index(), media_types.OCI_INDEX)

    assert [str(child.digest) for child in parsed.children] == [CHILD["digest"]]
    assert parsed.blobs == ()


@pytest.mark.parametrize(
    ("media_type", "document"),
    [
        (media_types.DOCKER_IMAGE, {"config": CONFIG, "layers": []}),
        (media_types.DOCKER_LIST, {"manifests": []}),
    ],
)
def test_docker_kinds_are_read_like_their_oci_twins(media_type, document):
    raw = json.dumps({"schemaVersion": 2, "mediaType": media_type} | document).encode()

    assert manifest.parse(raw, media_type).media_type == media_type


def test_an_artifact_names_its_subject_and_blobs():
    raw = json.dumps(
        {
            "mediaType": media_types.OCI_ARTIFACT,
            "artifactType": "text/spdx",
            "blobs": [LAYER],
            "subject": CHILD,
            "annotations": {"a": "b"},
        }
    ).encode()

    parsed = manifest.parse(raw, media_types.OCI_ARTIFACT)

    assert str(parsed.subject) == CHILD["digest"]
    assert parsed.artifact_type == "text/spdx"
    assert parsed.annotations == {"a": "b"}
    assert len(parsed.blobs) == 1


def test_an_image_without_artifact_type_is_of_the_type_of_its_config():
    assert manifest.parse(image(), None).artifact_type == CONFIG["mediaType"]


def test_content_type_parameters_do_not_matter():
    parsed = manifest.parse(image(), f"{media_types.OCI_IMAGE.upper()}; charset=utf-8")

    assert parsed.media_type == media_types.OCI_IMAGE


@pytest.mark.parametrize("foreign", sorted(media_types.FOREIGN_LAYERS))
def test_layers_that_nobody_may_redistribute_need_not_be_here(foreign):
    parsed = manifest.parse(image(layers=[LAYER | {"mediaType": foreign}]), None)

    assert [str(blob.digest) for blob in parsed.blobs] == [CONFIG["digest"]]


@pytest.mark.parametrize("media_type", sorted(media_types.SCHEMA_1))
def test_schema_1_is_refused_by_its_type(media_type):
    with pytest.raises(UnsupportedManifest) as refused:
        manifest.parse(b'{"schemaVersion": 1}', media_type)

    assert "obsolete" in (refused.value.remedy or "")


def test_schema_1_is_refused_by_its_body():
    with pytest.raises(UnsupportedManifest):
        manifest.parse(b'{"schemaVersion": 1, "fsLayers": []}', "application/json")


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "x"])
def test_an_unknown_media_type_is_refused(media_type):
    with pytest.raises(UnsupportedManifest):
        manifest.parse(json.dumps({"schemaVersion": 2}).encode(), media_type)


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'"x"',
        b"{}",
        image(mediaType=media_types.OCI_INDEX),
        image(mediaType=5),
        image(schemaVersion=3),
        image(schemaVersion="2"),
        image(schemaVersion=True),
        image(manifests=[]),
        image(config=None),
        image(config={}),
        image(config=CONFIG | {"size": -1}),
        image(config=CONFIG | {"size": True}),
        image(config=CONFIG | {"size": 1.5}),
        image(config=CONFIG | {"size": 2**63}),
        image(config=CONFIG | {"digest": 1}),
        image(config=CONFIG | {"mediaType": ""}),
        image(layers=None),
        image(layers={}),
        image(layers=["x"]),
        image(annotations=[]),
        image(annotations={"a": 1}),
        image(artifactType=1),
        image(subject="sha256:x"),
    ],
)
def test_a_broken_image_is_refused(raw):
    with pytest.raises(InvalidManifest):
        manifest.parse(raw, media_types.OCI_IMAGE)


@pytest.mark.parametrize("raw", [index(layers=[]), index(config=CONFIG), index(manifests=None)])
def test_a_broken_index_is_refused(raw):
    with pytest.raises(InvalidManifest):
        manifest.parse(raw, media_types.OCI_INDEX)


def test_a_body_without_any_media_type_is_refused():
    with pytest.raises(InvalidManifest):
        manifest.parse(json.dumps({"schemaVersion": 2}).encode(), None)


def test_a_digest_that_would_leave_its_directory_is_refused():
    with pytest.raises(InvalidDigest):
        manifest.parse(image(layers=[LAYER | {"digest": "sha256:../../x"}]), None)


@pytest.mark.parametrize(
    "raw", [b"{", b'{"a":1,"a":1}', b"[" * 100_000, b"[" * 33 + b"]" * 33, b"\xff"]
)
def test_json_with_two_readings_is_refused(raw):
    with pytest.raises(InvalidJson):
        manifest.parse(raw, media_types.OCI_IMAGE)


def test_a_manifest_over_the_limit_is_refused():
    with pytest.raises(ManifestTooLarge):
        manifest.parse(b" " * (manifest.MAX_SIZE + 1), media_types.OCI_IMAGE)

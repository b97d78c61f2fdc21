"""What is known of an image is read from its bytes, whatever these are."""

import json

import pytest

from wharfinger.images.streams import metadata
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag

APP = RepositoryName("team", "app")
CONFIG = "application/vnd.oci.image.config.v1+json"


async def push(dock, config):
    """Push an image with these bytes as its config; return what is known of it."""
    await dock.registry.put_blob(APP, Digest.of(config), config)
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": {"mediaType": CONFIG, "digest": str(Digest.of(config)), "size": len(config)},
        "layers": [],
    }
    raw = json.dumps(document).encode()
    pushed = await dock.registry.put_manifest(APP, Tag("1"), raw, None)
    await dock.streams.pushed(APP, Tag("1"), pushed.digest)
    return dock.known(pushed.digest)


@pytest.mark.parametrize(
    "config",
    [b"", b"no json", b"[]", b'{"config": 1}', b'{"config": {"Labels": {"a": 1}}}', b"[" * 1000],
)
async def test_an_image_whose_config_cannot_be_read_is_known_without_it(dock, config):
    known = await push(dock, config)

    assert known["dockerImageMetadata"]["Id"] == str(Digest.of(config))
    assert "Config" not in known["dockerImageMetadata"]
    assert metadata.labels(known) is None
    assert len(dock.tags("team/app")["1"]) == 1


async def test_a_config_that_is_too_large_is_not_read(dock, monkeypatch):
    monkeypatch.setattr(metadata, "CONFIG_LIMIT", 10)

    known = await push(dock, b'{"config": {"Labels": {"a": "b"}}}')

    assert "Config" not in known["dockerImageMetadata"]


async def test_an_image_that_was_pushed_is_known_as_one_of_ours(dock):
    known = await push(dock, b"{}")

    assert known["metadata"]["annotations"]["openshift.io/image.managed"] == "true"
    assert known["dockerImageReference"].startswith(f"{dock.host}/team/app@sha256:")

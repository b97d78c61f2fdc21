"""Recorded behaviour: what an import answers to what a registry answers. The rest of the file, which needs
no registry, is run in test_vectors_imagestream_import_pure.py.
"""

import json
from pathlib import Path

import pytest

from made_registries import Repository
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.importing.request import ImportRequest
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.policy import import_list
from wharfinger.remote.errors import NoAnswer, OutOfReach, RemoteError
from wharfinger.remote.repository import RemoteManifest

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/imagestream_import.json").read_text())
CASES = [one for one in VECTORS["cases"] if one["input"]["op"] == "fetch"]
ANYTHING = import_list.read([{"domainName": "*:*", "insecure": True}])


def said(text):
    """The words of `error "no such tag"`."""
    return text.partition('"')[2].rstrip('"')


def repository(remote):
    """A repository that answers as a case says."""
    made = Repository()
    for tag in remote.get("tagList", ()):
        made.push(tag)
    if "connect" in remote:
        made.fault = NoAnswer("test", said(remote["connect"]))
    if "manifestByTag" in remote:
        fault = RemoteError("docker.io", said(remote["manifestByTag"]))
        made.broken |= dict.fromkeys((*made.tags, "latest"), fault)
    if "manifestByDigest" in remote:
        digest = f"sha256:{Digest.of(b'').hex}"
        made.broken[digest] = RemoteError("docker.io", said(remote["manifestByDigest"]))
    if "manifestDigest" in remote:
        put_image(made, remote)
    return made


def put_image(made, remote):
    config = b"{" + b" " * (remote["configBytes"] - 2) + b"}"
    made.blobs[Digest.of(config)] = config
    document = {
        "schemaVersion": remote["schemaVersion"],
        "mediaType": media_types.DOCKER_IMAGE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": str(Digest.of(config)),
            "size": len(config),
        },
        "layers": [
            {"mediaType": "a/b", "digest": str(Digest.of(b"")), "size": remote["layerBytes"]}
        ],
    }
    digest = Digest.parse(remote["manifestDigest"])
    raw = json.dumps(document).encode()
    made.manifests[digest] = RemoteManifest(digest, media_types.DOCKER_IMAGE, raw)
    made.tags["busybox"] = digest


@pytest.mark.parametrize("case", CASES, ids=[one["id"] for one in CASES])
async def test_what_an_import_answers(case, open_harbour):
    given, expect = case["input"], case["expect"]
    harbour = await open_harbour(max_images=given["limit"], allowed=ANYTHING)
    sources = harbour.sources.repositories
    sources["docker.io/library/test"] = repository(given.get("remote", {}))
    for host in given.get("blockedRegistries", ()):
        sources[f"{host}/a/b"] = Repository(fault=OutOfReach(host, "it is not to be asked"))
    request = ImportRequest.read("team", {"metadata": {"name": "app"}, "spec": given["spec"]})

    status = (await harbour.importer.run(request, subject=SYSTEM)).status()

    for found, wanted in zip(
        status.get("images", ()), expect.get("images", ()), strict="images" in expect
    ):
        check_image(found, wanted)
    if "repository" in expect:
        check_repository(status["repository"], expect["repository"])
    if expect.get("transportInsecure"):
        assert harbour.sources.insecure == [True]


def check_image(found, wanted):
    status = found["status"]
    assert found.get("tag", "") == wanted.get("tag", found.get("tag", ""))
    assert status.get("status", "") == wanted["status"]
    assert wanted.get("reason") in (None, status.get("reason"))
    assert status.get("message", "") == wanted.get("message", status.get("message", ""))
    assert wanted.get("messageContains", "") in status.get("message", "")
    if "imageName" in wanted:
        image = found["image"]
        assert image["metadata"]["name"] == wanted["imageName"]
        assert image["dockerImageReference"] == wanted["dockerImageReference"]
        assert image["dockerImageMetadata"]["Size"] == wanted["size"]


def check_repository(found, wanted):
    assert wanted.get("status") in (None, found["status"]["status"])
    assert wanted.get("message") in (None, found["status"].get("message"))
    assert found.get("additionalTags", []) == (wanted.get("additionalTags") or [])
    if wanted.get("images") == 0:
        assert found["images"] == []
    if "imageTags" in wanted:
        assert [one["tag"] for one in found["images"]] == wanted["imageTags"]
    for one in found["images"] if "eachImage" in wanted else ():
        assert one["status"]["status"] == wanted["eachImage"]["status"]
        message = wanted["eachImage"]["messageTemplate"].format(tag=one["tag"])
        assert one["status"]["message"] == message

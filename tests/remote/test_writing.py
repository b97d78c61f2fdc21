"""Pushing to a repository: uploads, mounts, manifests, and what registries refuse."""

from urllib.parse import parse_qs

import pytest

from hostile_registry import Hostile, Reply, challenged, said
from wharfinger.oci import media_types
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import (
    BlobAbsent,
    LoginNeeded,
    ManifestAbsent,
    NoAnswer,
    NotAllowed,
    NotOffered,
    NotUnderstood,
    WrongContent,
)
from wharfinger.remote.repository import RemoteManifest

ROOT = "/v2/team/tide"
UPLOADS = f"{ROOT}/blobs/uploads/"
CONTENT = b"tide" * 1_000
DIGEST = Digest.of(CONTENT)
OTHER = ImageReference.parse("a.test/team/other")
MANIFEST = RemoteManifest(Digest.of(b"{}"), media_types.OCI_IMAGE, b"{}")


@pytest.fixture
def target(registries):
    async def start(script: Hostile, *, seconds: float = 20.0, logins=(), **more):
        name = ImageReference.parse(f"{script.host}/team/tide")
        opened = await registries(**more)
        return opened.target(name, insecure=True, logins=logins, seconds=seconds)

    return start


async def pieces(*content: bytes):
    for piece in content:
        yield piece


def accepting(script: Hostile, location: str = "/upload/7?state=x") -> None:
    script.answers[f"POST {UPLOADS}"] = Reply(202, {"Location": location})
    script.answers["PUT /upload/7"] = Reply(201)


async def test_a_blob_goes_out_with_one_request(hostile, target):
    script = await hostile()
    accepting(script)

    await (await target(script)).put_blob(DIGEST, len(CONTENT), pieces(CONTENT[:7], CONTENT[7:]))

    begun, sent = script.seen
    assert (begun.method, begun.target, begun.headers["content-length"]) == ("POST", UPLOADS, "0")
    path, _, query = sent.target.partition("?")
    assert (sent.method, path, sent.body) == ("PUT", "/upload/7", CONTENT)
    assert parse_qs(query) == {"state": ["x"], "digest": [str(DIGEST)]}


async def test_an_empty_blob_goes_out_too(hostile, target):
    script = await hostile()
    accepting(script)

    await (await target(script)).put_blob(Digest.of(b""), 0, pieces())

    assert script.seen[1].headers["content-length"] == "0"


async def test_an_upload_elsewhere_is_not_begun(hostile, target):
    script, other = await hostile(), await hostile()
    accepting(script, f"{other.url}/upload/7")

    with pytest.raises(NotUnderstood, match="another host"):
        await (await target(script)).put_blob(DIGEST, len(CONTENT), pieces(CONTENT))
    assert other.seen == []


@pytest.mark.parametrize("content", [CONTENT[1:], CONTENT + b"x"])
async def test_what_has_another_size_is_not_sent_whole(hostile, target, content):
    script = await hostile()
    accepting(script)

    with pytest.raises(WrongContent):
        await (await target(script)).put_blob(DIGEST, len(CONTENT), pieces(content))
    assert [one.method for one in script.seen] == ["POST"]


async def test_an_error_of_the_source_is_told_as_it_is(hostile, target):
    script = await hostile()
    accepting(script)

    async def breaks():
        yield CONTENT[:7]
        raise BlobAbsent("a.test", "it is gone")

    with pytest.raises(BlobAbsent):
        await (await target(script)).put_blob(DIGEST, len(CONTENT), breaks())


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, NotUnderstood), (403, NotAllowed), (401, LoginNeeded), (507, NoAnswer)],
)
async def test_a_refused_blob_is_told(hostile, target, status, error):
    script = await hostile()
    accepting(script)
    script.answers["PUT /upload/7"] = Reply(status)

    with pytest.raises(error):
        await (await target(script)).put_blob(DIGEST, len(CONTENT), pieces(CONTENT))
    assert len(script.seen) == 2


async def test_who_takes_no_bytes_is_given_up(hostile, target):
    script = await hostile()
    accepting(script)
    script.stalled.add("/upload/7")

    with pytest.raises(NoAnswer, match=r"within 0\.1 s"):
        await (await target(script, seconds=0.1)).put_blob(
            DIGEST, 64 << 20, pieces(*[bytes(1 << 20)] * 64)
        )


async def test_a_blob_that_is_there_is_seen(hostile, target):
    script = await hostile()
    script.has_blob("team/tide", CONTENT)
    away = Digest.of(b"away")
    script.answers[f"{ROOT}/blobs/{away}"] = Reply(307, {"Location": "https://store.invalid/"})
    asked = await target(script)

    assert await asked.has_blob(DIGEST)
    assert await asked.has_blob(away)
    assert not await asked.has_blob(Digest.of(b"other"))


async def test_a_blob_is_mounted_or_its_upload_goes_on(hostile, target):
    script = await hostile()
    accepting(script)
    asked = await target(script)

    assert not await asked.mount(DIGEST, OTHER)
    await asked.put_blob(DIGEST, len(CONTENT), pieces(CONTENT))
    assert [one.method for one in script.seen] == ["POST", "PUT"]
    assert parse_qs(script.targets[0].partition("?")[2]) == {
        "mount": [str(DIGEST)],
        "from": ["team/other"],
    }
    script.answers[f"POST {UPLOADS}"] = Reply(201)
    assert await asked.mount(DIGEST, OTHER)


@pytest.mark.parametrize("scope", ["", ',scope="repository:team/tide:pull,push"'])
async def test_a_token_is_for_both_repositories_of_a_mount(hostile, target, scope):
    script = await hostile()
    script.answers[f"POST {UPLOADS}"] = challenged(
        f'Bearer realm="{script.url}/token"{scope}', Reply(201), accepts="Bearer t0ken"
    )
    script.answers["/token"] = said({"token": "t0ken"})

    assert await (await target(script, logins=[Credential("ann", "a")])).mount(DIGEST, OTHER)
    asked = parse_qs(script.targets[1].partition("?")[2])
    assert asked["scope"] == ["repository:team/tide:pull,push", "repository:team/other:pull"]


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_manifest_is_put_as_it_is(hostile, target, status):
    script = await hostile()
    script.answers[f"PUT {ROOT}/manifests/1"] = Reply(status)

    await (await target(script)).put_manifest(Tag("1"), MANIFEST)

    (sent,) = script.seen
    assert (sent.headers["content-type"], sent.body) == (MANIFEST.media_type, MANIFEST.raw)


async def test_a_manifest_is_put_again_where_that_may_help(hostile, target, waits):
    script = await hostile()
    script.answers[f"PUT {ROOT}/manifests/1"] = [Reply(502), Reply(201)]

    await (await target(script)).put_manifest(Tag("1"), MANIFEST)
    assert len(waits) == 1


async def test_a_refused_manifest_is_told(hostile, target):
    script = await hostile()

    with pytest.raises(NotUnderstood, match="answers 404"):
        await (await target(script)).put_manifest(Tag("1"), MANIFEST)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, ManifestAbsent), (405, NotOffered), (400, NotOffered), (403, NotAllowed)],
)
async def test_what_is_not_removed_is_told(hostile, target, status, error):
    script = await hostile()
    script.answers[f"DELETE {ROOT}/manifests/1"] = Reply(status)

    with pytest.raises(error):
        await (await target(script)).delete(Tag("1"))


async def test_a_manifest_is_removed(hostile, target):
    script = await hostile()
    script.answers[f"DELETE {ROOT}/manifests/{DIGEST}"] = Reply(202)

    await (await target(script)).delete(DIGEST)
    assert [one.method for one in script.seen] == ["DELETE"]

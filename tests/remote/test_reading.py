"""Manifests, tags and referrers of a repository, and what registries get wrong about them."""

import json

import pytest

from hostile_registry import Hostile, Reply, said
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote import reading
from wharfinger.remote.errors import ManifestAbsent, NoAnswer, NotUnderstood, WrongContent
from wharfinger.remote.repository import RemoteManifest
from wharfinger.remote.retry import NEVER

ROOT = "/v2/team/tide"
RAW = b'{"schemaVersion": 2}'
DIGEST = Digest.of(RAW)
ONE = Tag("1")


@pytest.fixture
def source(registries):
    async def start(script: Hostile, *, seconds: float = 20.0, **more):
        name = ImageReference.parse(f"{script.host}/team/tide:latest")
        return (await registries(**more)).source(name, insecure=True, seconds=seconds)

    return start


def manifest(raw: bytes = RAW, media_type: str = media_types.OCI_IMAGE, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(headers={"Content-Type": media_type, **given}, body=raw)


async def test_a_manifest_comes_by_tag_and_by_digest(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/manifests/1"] = manifest()
    script.answers[f"{ROOT}/manifests/{DIGEST}"] = manifest()
    asked = await source(script)

    expected = RemoteManifest(DIGEST, media_types.OCI_IMAGE, RAW)
    assert await asked.manifest(ONE) == expected
    assert await asked.manifest(DIGEST) == expected
    assert str(asked.name) == f"{script.host}/team/tide"
    accepted = script.seen[-1].headers["accept"].split(", ")
    assert set(accepted) == media_types.MANIFESTS


async def test_other_bytes_than_those_of_the_digest_are_told(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/manifests/{DIGEST}"] = manifest(b"{}")
    script.answers[f"{ROOT}/manifests/1"] = manifest(b"{}", Docker_Content_Digest=str(DIGEST))
    asked = await source(script)

    for reference in (DIGEST, ONE):
        with pytest.raises(WrongContent):
            await asked.manifest(reference)


async def test_the_algorithm_is_the_one_that_the_registry_names(hostile, source):
    script, long = await hostile(), Digest.of(RAW, "sha512")
    script.answers[f"{ROOT}/manifests/1"] = manifest(Docker_Content_Digest=str(long))

    assert (await (await source(script)).manifest(ONE)).digest == long


@pytest.mark.parametrize("claim", ["", "sha256:../../x", "md5:0", "x" * 1_000])
async def test_a_claim_that_is_no_digest_is_passed_over(hostile, source, claim):
    script = await hostile()
    script.answers[f"{ROOT}/manifests/1"] = manifest(Docker_Content_Digest=claim)
    asked = await source(script)

    assert (await asked.manifest(ONE)).digest == DIGEST
    assert await asked.digest(ONE) == DIGEST


async def test_the_kind_of_a_manifest_stands_in_it_where_the_head_says_nothing(hostile, source):
    script = await hostile()
    raw = json.dumps({"mediaType": media_types.OCI_INDEX}).encode()
    script.answers[f"{ROOT}/manifests/1"] = manifest(raw, "text/plain; charset=utf-8")
    script.answers[f"{ROOT}/manifests/2"] = manifest(b"<html>", "text/plain")
    asked = await source(script)

    assert (await asked.manifest(ONE)).media_type == media_types.OCI_INDEX
    assert (await asked.manifest(Tag("2"))).media_type == "text/plain"


@pytest.mark.parametrize("kind", ["tide/\xff", "x" * 256])
async def test_a_kind_that_is_no_media_type_is_none(hostile, source, kind):
    script = await hostile()
    script.answers[f"{ROOT}/manifests/1"] = manifest(b"{}", kind)
    script.answers[f"{ROOT}/manifests/2"] = manifest(
        json.dumps({"mediaType": kind}).encode(), "text/plain"
    )
    asked = await source(script)

    for tag in "12":
        assert (await asked.manifest(Tag(tag))).media_type == ""


async def test_the_obsolete_schema_is_told(hostile, source):
    script = await hostile()
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    script.answers[f"{ROOT}/manifests/1"] = manifest(RAW, kind)

    with pytest.raises(NotUnderstood, match="obsolete schema 1"):
        await (await source(script)).manifest(ONE)


async def test_what_is_not_there_is_told(hostile, source):
    asked = await source(await hostile())

    with pytest.raises(ManifestAbsent, match="has no team/tide:1"):
        await asked.manifest(ONE)
    with pytest.raises(ManifestAbsent, match=f"has no team/tide@{DIGEST}"):
        await asked.manifest(DIGEST)
    with pytest.raises(ManifestAbsent):
        await asked.digest(ONE)
    with pytest.raises(ManifestAbsent, match=r"has no team/tide$"):
        await asked.tags()


@pytest.mark.parametrize("status", [204, 400, 405, 418])
async def test_an_answer_that_makes_no_sense_is_told(hostile, source, status):
    script = await hostile()
    script.answers[f"{ROOT}/manifests/1"] = Reply(status)

    with pytest.raises(NotUnderstood, match=str(status)):
        await (await source(script)).manifest(ONE)


async def test_a_large_manifest_is_read_up_to_the_limit(hostile, source):
    script = await hostile()
    fits, large = b" " * (4 << 20), b" " * ((4 << 20) + 1)
    script.answers[f"{ROOT}/manifests/1"] = manifest(fits)
    script.answers[f"{ROOT}/manifests/2"] = manifest(large)
    asked = await source(script)

    assert len((await asked.manifest(ONE)).raw) == 4 << 20
    with pytest.raises(NotUnderstood, match="4 MiB"):
        await asked.manifest(Tag("2"))


async def test_what_a_tag_means_costs_no_manifest(hostile, source):
    script = await hostile()
    script.answers[f"HEAD {ROOT}/manifests/1"] = manifest(Docker_Content_Digest=str(DIGEST))

    assert await (await source(script)).digest(ONE) == DIGEST
    assert [one.method for one in script.seen] == ["HEAD"]


@pytest.mark.parametrize("status", [400, 405])
async def test_who_knows_no_head_is_asked_for_the_manifest(hostile, source, status):
    script = await hostile()
    script.answers[f"HEAD {ROOT}/manifests/1"] = Reply(status)
    script.answers[f"GET {ROOT}/manifests/1"] = manifest()

    assert await (await source(script)).digest(ONE) == DIGEST


async def test_docker_hub_is_asked_under_its_other_name(registries):
    opened = await registries()

    asked = opened.source(ImageReference.parse("busybox"), seconds=1)

    assert str(asked.name) == "docker.io/library/busybox"
    assert asked.endpoint.place == "https://registry-1.docker.io"


# Lists


async def test_tags_come_page_by_page(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = said(
        {"tags": ["1", "2", "not a tag", 7]}, Link=f'<{ROOT}/tags/list?last=2&n=1000>; rel="next"'
    )
    script.answers[f"{ROOT}/tags/list?last=2&n=1000"] = said({"tags": ["2", "3"]})
    asked = await source(script)

    assert await asked.tags() == ["1", "2", "3"]
    assert await asked.tags(limit=2) == ["1", "2"]
    assert script.targets[-1] == f"{ROOT}/tags/list?n=2"
    assert len(script.seen) == 3


async def test_no_tags_may_be_null(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = said({"tags": None})

    assert await (await source(script)).tags() == []


@pytest.mark.parametrize("document", [[], 7, {}, {"tags": "1"}])
async def test_tags_that_are_no_list_are_told(hostile, source, document):
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = said(document)

    with pytest.raises(NotUnderstood, match="no list"):
        await (await source(script)).tags()


async def test_a_list_without_end_ends(hostile, source, monkeypatch):
    monkeypatch.setattr(reading, "PAGES", 3)
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = said(
        {"tags": ["1"]}, Link=f"<{ROOT}/tags/list>; rel=next"
    )
    asked = await source(script)

    with pytest.raises(NotUnderstood, match="no end"):
        await asked.tags()
    assert len(script.seen) == 3
    assert await asked.tags(limit=9) == ["1"]


async def test_all_pages_have_the_time_of_one_answer(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/tags/list"] = [
        said({"tags": ["1"]}, Link=f"<{ROOT}/tags/list>; rel=next"),
        Reply(raw=b"", hangs=True),
    ]

    with pytest.raises(NoAnswer, match=r"within 0\.1 s"):
        await (await source(script, seconds=0.1, retry=NEVER)).tags()


async def test_a_page_elsewhere_is_not_asked_for(hostile, source):
    script, other = await hostile(), await hostile()
    script.answers[f"{ROOT}/tags/list"] = said(
        {"tags": ["1"]}, Link=f'<{other.url}/tags>; rel="next"'
    )

    with pytest.raises(NotUnderstood, match="another host"):
        await (await source(script)).tags()
    assert other.seen == []


def index(*children: Digest) -> bytes:
    listed = [
        {"mediaType": media_types.OCI_IMAGE, "digest": str(one), "size": 7} for one in children
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": listed}
    ).encode()


async def test_referrers_come_from_their_list(hostile, source):
    script = await hostile()
    script.answers[f"{ROOT}/referrers/{DIGEST}"] = manifest(
        index(Digest.of(b"a")), media_types.OCI_INDEX, Link=f"<{ROOT}/referrers/more>; rel=next"
    )
    script.answers[f"{ROOT}/referrers/more"] = manifest(
        index(Digest.of(b"b")), media_types.OCI_INDEX
    )

    found = await (await source(script)).referrers(DIGEST)

    assert [one.digest for one in found] == [Digest.of(b"a"), Digest.of(b"b")]


async def test_referrers_come_from_a_tag_where_there_is_no_list(hostile, source):
    script = await hostile()
    tag = f"sha256-{DIGEST.hex}"
    asked = await source(script)

    assert await asked.referrers(DIGEST) == []
    script.answers[f"{ROOT}/manifests/{tag}"] = manifest(
        index(Digest.of(b"a")), media_types.OCI_INDEX
    )
    assert [one.digest for one in await asked.referrers(DIGEST)] == [Digest.of(b"a")]


async def test_referrers_are_bounded(hostile, source, monkeypatch):
    monkeypatch.setattr(reading, "REFERRERS", 3)
    script = await hostile()
    script.answers[f"{ROOT}/referrers/{DIGEST}"] = manifest(
        index(Digest.of(b"a"), Digest.of(b"b")),
        media_types.OCI_INDEX,
        Link=f"<{ROOT}/referrers/{DIGEST}>; rel=next",
    )

    assert len(await (await source(script)).referrers(DIGEST)) == 3
    assert len(script.seen) == 2


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"schemaVersion":2,"layers":[]}'])
async def test_referrers_that_are_no_index_are_told(hostile, source, raw):
    script = await hostile()
    script.answers[f"{ROOT}/referrers/{DIGEST}"] = manifest(raw, media_types.OCI_INDEX)

    with pytest.raises(NotUnderstood):
        await (await source(script)).referrers(DIGEST)

"""Blobs: whole, resumed, and from those who lie about them."""

import pytest

from hostile_registry import Asked, Reply
from wharfinger.oci.digest import Digest
from wharfinger.oci.reference import ImageReference
from wharfinger.remote import blob_reading
from wharfinger.remote.errors import BlobAbsent, NoAnswer, NotUnderstood, WrongContent
from wharfinger.remote.retry import NEVER

CONTENT = bytes(range(256)) * 4_000  # two pieces, and what hashing in a thread is for


async def read(registries, script, digest, size, *, seconds=20.0, **more) -> bytes:
    name = ImageReference.parse(f"{script.host}/team/tide")
    source = (await registries(**more)).source(name, insecure=True, seconds=seconds)
    return b"".join([piece async for piece in source.blob(digest, size)])


def ranged(content: bytes, *breaks: int):
    """Serve ranges, and cut each answer after so many bytes; the last answer is whole."""
    left = list(breaks)

    def answer(asked: Asked) -> Reply:
        begin = int(asked.headers.get("range", "bytes=0-")[6:-1])
        part, sent = content[begin:], left.pop(0) if left else None
        if "range" not in asked.headers:
            return Reply(body=part, sent=sent)
        stated = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return Reply(206, {"Content-Range": stated}, part, sent)

    return answer


@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
async def test_a_blob_comes_whole(hostile, registries, content):
    script = await hostile()
    digest = script.has_blob("team/tide", content)

    assert await read(registries, script, digest, len(content)) == content


async def test_a_blob_of_another_algorithm_is_held_against_it(hostile, registries):
    script = await hostile()
    digest = Digest.of(CONTENT, "sha512")
    script.answers[f"/v2/team/tide/blobs/{digest}"] = Reply(body=CONTENT)

    assert await read(registries, script, digest, len(CONTENT)) == CONTENT


async def test_what_breaks_off_is_resumed_where_it_was(hostile, registries, waits):
    script = await hostile()
    digest = script.has_blob("team/tide", CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = ranged(CONTENT, 600_000, 7, 0)

    assert await read(registries, script, digest, len(CONTENT)) == CONTENT
    first = blob_reading.PIECE
    ranges = [one.headers.get("range") for one in script.seen if one.method == "GET"]
    assert ranges[-4:] == [None, *[f"bytes={first}-"] * 3]
    assert len(waits) == 3


async def test_who_does_no_ranges_is_read_from_the_beginning(hostile, registries):
    script = await hostile()
    digest = script.has_blob("team/tide", CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = [
        Reply(body=CONTENT, sent=600_000),
        Reply(body=CONTENT),
    ]

    assert await read(registries, script, digest, len(CONTENT)) == CONTENT


async def test_breaks_without_progress_end(hostile, registries, waits):
    script = await hostile()
    digest = script.has_blob("team/tide", CONTENT, sent=100)

    with pytest.raises(NoAnswer):
        await read(registries, script, digest, len(CONTENT))
    assert len(waits) == 3


async def test_another_part_than_was_asked_for_is_told(hostile, registries):
    script = await hostile()
    digest = script.has_blob("team/tide", CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = [
        Reply(body=CONTENT, sent=600_000),
        Reply(206, {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/*"}, CONTENT),
    ]

    with pytest.raises(NotUnderstood, match="another part"):
        await read(registries, script, digest, len(CONTENT))


async def test_other_bytes_are_told(hostile, registries):
    script = await hostile()
    digest = Digest.of(CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = Reply(body=b"x" * len(CONTENT))

    with pytest.raises(WrongContent, match="other bytes"):
        await read(registries, script, digest, len(CONTENT))
    assert len([one for one in script.seen if one.method == "GET"]) == 1


@pytest.mark.parametrize("headers", [{}, {"Content-Length": ""}])
@pytest.mark.parametrize("body", [CONTENT[:-1], CONTENT + b"x"])
async def test_another_size_is_told(hostile, registries, body, headers):
    script = await hostile()
    digest = Digest.of(CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = Reply(headers=headers, body=body)

    with pytest.raises((WrongContent, NoAnswer)):
        await read(registries, script, digest, len(CONTENT))


async def test_an_endless_blob_is_not_read_to_its_end(hostile, registries):
    script = await hostile()
    digest = Digest.of(b"tide")
    script.answers[f"/v2/team/tide/blobs/{digest}"] = Reply(
        headers={"Content-Length": ""}, body=b"tide" * 1_000_000, hangs=True
    )

    with pytest.raises(WrongContent, match="more than the 4 bytes"):
        await read(registries, script, digest, 4)


@pytest.mark.parametrize(
    "stalls",
    [{"raw": b""}, {"sent": 0}, {"sent": 10}, {"sent": 100_000}, {"sent": 0, "drips": True}],
)
async def test_what_stalls_is_given_up(hostile, registries, stalls):
    script = await hostile()
    digest = script.has_blob("team/tide", CONTENT, hangs=True, **stalls)

    with pytest.raises(NoAnswer, match=r"within 0\.1 s"):
        await read(registries, script, digest, len(CONTENT), seconds=0.1, retry=NEVER)


async def test_a_blob_that_is_not_there_is_told(hostile, registries):
    script = await hostile()

    with pytest.raises(BlobAbsent):
        await read(registries, script, Digest.of(b""), 0)


async def test_a_blob_is_fetched_from_where_the_registry_sends_us(hostile, registries):
    script, store = await hostile(), await hostile()
    digest = Digest.of(CONTENT)
    script.answers[f"/v2/team/tide/blobs/{digest}"] = Reply(
        307, {"Location": f"{store.url}/blob?sign=1"}
    )
    store.answers["/blob"] = ranged(CONTENT, 600_000)

    assert await read(registries, script, digest, len(CONTENT)) == CONTENT
    assert [one.headers.get("range") for one in store.seen] == [
        None,
        f"bytes={blob_reading.PIECE}-",
    ]

"""Several places for one repository: who is asked, who answers, and who ends the question."""

import pytest

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import (
    BlobAbsent,
    ManifestAbsent,
    NoAnswer,
    NotAllowed,
    RemoteError,
    WrongContent,
)
from wharfinger.remote.mirrors import Mirrored
from wharfinger.remote.repository import RemoteManifest

ONE = Tag("1")
BLOB = Digest.of(b"tide")


class Place:
    """Says the name of its own registry, or raises what is in its way."""

    def __init__(self, registry: str, trouble: RemoteError | None = None, late: bool = False):
        self.name = ImageReference(registry, "team", "tide")
        self.trouble, self.late, self.asked = trouble, late, 0

    def _answer(self) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble

    async def manifest(self, reference):
        self._answer()
        return RemoteManifest(BLOB, "x", self.name.registry.encode())

    async def digest(self, tag):
        self._answer()
        return BLOB

    async def tags(self, *, limit=None):
        self._answer()
        return [self.name.registry]

    async def referrers(self, subject):
        self._answer()
        return []

    async def blob(self, digest, size):
        if self.late:
            yield b"ti"
        self._answer()
        yield b"tide"


def registry(source: Mirrored) -> str:
    assert source.answered is not None
    return source.answered.registry


async def every(source: Mirrored) -> list[object]:
    return [
        await source.manifest(ONE),
        await source.digest(ONE),
        await source.tags(limit=1),
        await source.referrers(BLOB),
        [piece async for piece in source.blob(BLOB, 4)],
    ]


async def test_the_first_place_that_answers_is_taken_and_named():
    first, second = Place("a.test"), Place("b.test")
    source = Mirrored([first, second])

    await every(source)

    assert (first.asked, second.asked) == (5, 0)
    assert registry(source) == "a.test"
    assert source.name.registry == "b.test"
    assert source.passed_over == []


@pytest.mark.parametrize("error", [ManifestAbsent, BlobAbsent])
async def test_who_has_it_not_is_asked_for_the_next_thing(error):
    first, second = Place("a.test", error("a.test", "no")), Place("b.test")
    source = Mirrored([first, second])

    assert (await source.tags()) == ["b.test"]
    await every(source)

    assert (first.asked, second.asked) == (6, 6)
    assert registry(source) == "b.test"
    assert [name.registry for name, _ in source.passed_over] == ["a.test"] * 6


@pytest.mark.parametrize("error", [NoAnswer, NotAllowed])
async def test_who_cannot_be_asked_is_not_asked_again(error):
    first, second = Place("a.test", error("a.test", "no")), Place("b.test")
    source = Mirrored([first, second])

    await every(source)

    assert (first.asked, second.asked) == (1, 5)


async def test_wrong_bytes_end_the_question():
    first, second = Place("a.test", WrongContent("a.test", "no")), Place("b.test")
    source = Mirrored([first, second])

    with pytest.raises(WrongContent):
        await source.manifest(ONE)
    with pytest.raises(WrongContent):
        await source.blob(BLOB, 4).__anext__()
    assert second.asked == 0
    assert source.answered is None


async def test_the_error_is_that_of_the_last_place():
    places = [
        Place("a.test", NoAnswer("a.test", "x")),
        Place("b.test", ManifestAbsent("b.test", "x")),
    ]
    source = Mirrored(places)

    for _ in range(2):
        with pytest.raises(ManifestAbsent):
            await source.manifest(ONE)


async def test_a_blob_that_breaks_off_is_not_begun_elsewhere():
    first, second = Place("a.test", NoAnswer("a.test", "x"), late=True), Place("b.test")
    found = []

    async def read() -> None:
        async for piece in Mirrored([first, second]).blob(BLOB, 4):
            found.append(piece)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(NoAnswer):
        await read()
    assert found == [b"ti"]
    assert second.asked == 0

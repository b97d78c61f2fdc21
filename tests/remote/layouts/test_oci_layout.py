"""OCI layouts: what is put is read back, and what somebody else has made is not believed."""

import asyncio
import json
import os

import pytest

import made_images
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent
from wharfinger.remote.layouts import content
from wharfinger.remote.layouts.errors import AtWork, CannotUseFile, InvalidLayout
from wharfinger.remote.layouts.oci_layout import OciLayout

ONE = Tag("1")
TIDE = made_images.image(made_images.tar(tide=b"high"))
EBB = made_images.image(made_images.tar(tide=b"low"))


@pytest.fixture
def layout(tmp_path):
    made = OciLayout.to_write(tmp_path / "layout")
    made.make()
    return made


async def put(layout, image, reference=ONE):
    for digest, blob in image.blobs.items():
        await layout.put_blob(digest, len(blob), made_images.pieces(blob))
    await layout.put_manifest(reference, image.manifest)


async def read(layout, digest, size):
    return b"".join([piece async for piece in layout.blob(digest, size)])


def listed(layout):
    return json.loads((layout._path / "index.json").read_text())["manifests"]


async def test_an_image_is_read_back_as_it_was_put(layout):
    await put(layout, TIDE)

    again = OciLayout.existing(layout._path)
    assert await again.manifest(ONE) == TIDE.manifest
    assert await again.manifest(TIDE.digest) == TIDE.manifest
    assert (await again.digest(ONE), await again.tags()) == (TIDE.digest, ["1"])
    for digest, blob in TIDE.blobs.items():
        assert await again.has_blob(digest)
        assert await read(again, digest, len(blob)) == blob


async def test_a_layout_is_made_when_something_is_put_there(tmp_path):
    layout = OciLayout.to_write(tmp_path / "new")
    assert (await layout.tags(), await layout.has_blob(TIDE.digest)) == ([], False)
    assert list(tmp_path.iterdir()) == []

    blobs = TIDE.blobs.items()
    pieces = made_images.pieces
    await asyncio.gather(*(layout.put_blob(one, len(blob), pieces(blob)) for one, blob in blobs))
    await layout.put_manifest(ONE, TIDE.manifest)

    assert json.loads((tmp_path / "new/oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert await OciLayout.existing(tmp_path / "new").tags() == ["1"]


def test_a_layout_of_another_version_is_not_touched(tmp_path):
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')

    for opened in (OciLayout.existing, OciLayout.to_write):
        with pytest.raises(InvalidLayout, match="version"):
            opened(tmp_path)


async def test_a_tag_moves_and_goes(layout):
    await put(layout, TIDE)
    await put(layout, EBB)
    await put(layout, TIDE, Tag("2"))

    assert (await layout.digest(ONE), await layout.tags()) == (EBB.digest, ["1", "2"])
    await layout.delete(ONE)
    assert await layout.tags() == ["2"]
    with pytest.raises(ManifestAbsent):
        await layout.digest(ONE)


async def test_children_are_not_listed_and_what_is_about_an_image_is(layout):
    index = made_images.index([TIDE])
    about = made_images.image(b"signed", about=index.digest)
    await put(layout, TIDE, TIDE.digest)
    await layout.put_manifest(ONE, index)
    await put(layout, about, about.digest)
    await put(layout, about, about.digest)

    assert [one["digest"] for one in listed(layout)] == [str(index.digest), str(about.digest)]
    assert [one.digest for one in await layout.referrers(index.digest)] == [about.digest]
    assert await layout.referrers(TIDE.digest) == []
    await layout.delete(about.digest)
    assert len(listed(layout)) == 1


async def test_an_image_is_found_by_any_name_or_as_the_only_one(layout):
    with pytest.raises(ManifestAbsent):
        layout.entry("")
    await put(layout, TIDE)
    document = {"schemaVersion": 2, "manifests": listed(layout)}
    name = "quay.io/team/app:1"
    document["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": name}
    (layout._path / "index.json").write_text(json.dumps(document))

    assert layout.entry(name).descriptor.digest == TIDE.digest
    assert layout.entry("").descriptor.digest == TIDE.digest
    assert await layout.tags() == []
    await put(layout, EBB)
    with pytest.raises(InvalidLayout, match="several images"):
        layout.entry("")


async def test_a_manifest_that_does_not_say_what_it_is_is_known_by_its_parts(layout):
    plain = made_images.manifest("", {"schemaVersion": 2, "manifests": []})
    await layout.put_manifest(plain.digest, plain_as(plain, media_types.OCI_INDEX))

    assert (await layout.manifest(plain.digest)).media_type == media_types.OCI_INDEX


def plain_as(manifest, media_type):
    return type(manifest)(manifest.digest, media_type, manifest.raw)


async def test_other_bytes_under_a_digest_are_not_handed_on(layout):
    await put(layout, TIDE)
    digest, blob = next(iter(TIDE.blobs.items()))
    path = layout._path / "blobs/sha256" / digest.hex
    for other in (blob[:-1] + b"?", blob[:-1], b""):
        path.write_bytes(other)
        with pytest.raises(InvalidLayout):
            await read(layout, digest, len(blob))
        assert not await layout.has_blob(digest)
    (layout._path / "blobs/sha256" / TIDE.digest.hex).write_bytes(b"{}")
    with pytest.raises(InvalidLayout):
        await layout.manifest(ONE)


async def test_absence_is_told(layout):
    with pytest.raises(BlobAbsent):
        await read(layout, TIDE.digest, 1)
    with pytest.raises(ManifestAbsent):
        await layout.manifest(TIDE.digest)
    assert not await layout.has_blob(TIDE.digest)
    with pytest.raises(InvalidLayout):
        OciLayout.existing(layout._path / "blobs")


async def test_links_and_pipes_are_not_followed(layout, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"{}")
    digest = Digest.of(b"{}")
    folder = layout._path / "blobs/sha256"
    folder.mkdir()
    (folder / digest.hex).symlink_to(secret)
    with pytest.raises(CannotUseFile):
        await layout.manifest(digest)
    (folder / digest.hex).unlink()
    os.mkfifo(folder / digest.hex)
    with pytest.raises(CannotUseFile):
        await read(layout, digest, 2)
    (folder / digest.hex).unlink()
    folder.rmdir()
    (tmp_path / digest.hex).write_bytes(b"{}")
    folder.symlink_to(tmp_path)
    with pytest.raises(InvalidLayout, match="elsewhere"):
        await read(layout, digest, 2)


async def test_links_in_a_circle_lead_nowhere(layout):
    (layout._path / "blobs/sha256").symlink_to("sha256")

    with pytest.raises(CannotUseFile):
        await layout.manifest(TIDE.digest)


async def test_entries_of_other_kinds_are_about_nothing(layout):
    await put(layout, TIDE)
    entries = [*listed(layout), made_images.descriptor("text/plain", b"x")]
    (layout._path / "index.json").write_text(json.dumps({"manifests": entries}))

    assert await layout.referrers(TIDE.digest) == []


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"manifests": 7}',
        '{"manifests": [7]}',
        '{"manifests": [{"digest": "sha256:../../x"}]}',
        '{"manifests": [], "manifests": []}',
        f'{{"manifests": [{{"digest": "sha256:{"a" * 64}", "mediaType": 7}}]}}',
        f'{{"manifests": [{",".join(["{}"] * 10_001)}]}}',
        "[" * 10_000,
    ],
    ids=lambda text: text[:40],
)
async def test_a_list_that_is_none_is_refused(layout, text):
    (layout._path / "index.json").write_text(text)

    with pytest.raises(InvalidLayout):
        await layout.tags()


async def test_what_is_written_in_part_is_not_there(layout):
    digest, blob = next(iter(TIDE.blobs.items()))

    async def breaking():
        yield blob[:3]
        raise BlobAbsent("there", "gone")

    with pytest.raises(BlobAbsent):
        await layout.put_blob(digest, len(blob), breaking())
    with pytest.raises(InvalidLayout):
        await layout.put_blob(digest, len(blob) + 1, made_images.pieces(blob))
    assert list((layout._path / "blobs/sha256").iterdir()) == []


async def test_what_a_killed_process_has_left_is_taken_over(layout):
    digest, blob = next(iter(TIDE.blobs.items()))
    left = layout._path / "blobs/sha256" / f".{digest.hex}.partial"
    left.parent.mkdir()
    left.write_bytes(b"x" * 10_000)

    await layout.put_blob(digest, len(blob), made_images.pieces(blob))

    assert await read(layout, digest, len(blob)) == blob
    assert not left.exists()


def test_two_processes_do_not_write_the_same_thing(tmp_path):
    with content.replacing(tmp_path / "x") as first:
        first.write(b"one")
        with pytest.raises(AtWork), content.replacing(tmp_path / "x"):
            pass
    assert (tmp_path / "x").read_bytes() == b"one"

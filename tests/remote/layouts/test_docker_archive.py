"""Archives of `docker save`: read, and written so that what is read is the same."""

import gzip
import hashlib
import json
import tarfile

import pytest

import made_images
from wharfinger.oci import manifest as manifests
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent
from wharfinger.remote.layouts import docker_archive, docker_archive_writing
from wharfinger.remote.layouts.docker_archive_writing import DockerArchiveFile
from wharfinger.remote.layouts.errors import (
    CannotUseFile,
    FileExists,
    InvalidLayout,
    NotInThisForm,
)

APP = ImageReference.parse("quay.io/team/app:1")
LAYERS = (made_images.tar(tide=b"high"), made_images.tar(ebb=b"x" * 3_000_000))


def config(*layers: bytes, **more) -> bytes:
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    return json.dumps({**more, "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def saved(path, *images, **files: bytes):
    """Write an archive of `(name, layers as they are stored, configuration)`."""
    listed = []
    for number, (name, layers, text) in enumerate(images):
        names = [f"{number}-{place}.tar" for place in range(len(layers))]
        files |= {f"{number}.json": text} | dict(zip(names, layers, strict=True))
        listed.append({"Config": f"{number}.json", "RepoTags": [name], "Layers": names})
    files.setdefault("manifest.json", json.dumps(listed).encode())
    path.write_bytes(made_images.tar(**files))
    return path


async def read(source, one):
    return b"".join([piece async for piece in source.blob(one.digest, one.size)])


def parsed(manifest):
    return manifests.parse(manifest.raw, manifest.media_type)


async def test_an_image_is_read_with_its_layers_as_they_stand(tmp_path):
    stored = [LAYERS[0], gzip.compress(LAYERS[1])]
    path = saved(tmp_path / "a.tar", ("quay.io/team/app:1", stored, config(*LAYERS)))

    source = await docker_archive.opened(path)

    manifest = await source.manifest(Tag("1"))
    assert manifest == await source.manifest(source.digest_made)
    assert manifest.digest.matches(manifest.raw)
    assert await source.digest(Tag("1")) == source.digest_made
    blobs = parsed(manifest).blobs
    assert [await read(source, one) for one in blobs] == [config(*LAYERS), *stored]
    assert [one.media_type[-4:] for one in blobs] == ["json", ".tar", "gzip"]
    with pytest.raises(ManifestAbsent):
        await source.manifest(Tag("2"))
    with pytest.raises(BlobAbsent):
        await read(source, manifests.Descriptor("", source.digest_made, 1))


async def test_one_of_several_images_is_chosen(tmp_path):
    path = saved(
        tmp_path / "a.tar",
        ("app:1", [LAYERS[0]], config(LAYERS[0])),
        ("quay.io/app:1", [LAYERS[0]], config(LAYERS[0], os="linux")),
    )

    first = await docker_archive.opened(path, image=ImageReference.parse("docker.io/library/app:1"))
    second = await docker_archive.opened(path, number=1)

    assert first.digest_made != second.digest_made
    assert (await docker_archive.opened(path, number=0)).digest_made == first.digest_made
    assert await second.tags() == ["1"]
    with pytest.raises(InvalidLayout, match="2 images"):
        await docker_archive.opened(path)
    with pytest.raises(ManifestAbsent):
        await docker_archive.opened(path, number=2)
    with pytest.raises(ManifestAbsent):
        await docker_archive.opened(path, image=APP)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"manifest.json": b"{}"}, "no list of images"),
        ({"manifest.json": b"[]"}, "no list of images"),
        ({"manifest.json": b"["}, "manifest.json: "),
        ({"manifest.json": b"[7]"}, "an image that is none"),
        ({"manifest.json": b'[{"Config": "c", "Layers": [7]}]'}, "an image that is none"),
        ({"manifest.json": b'[{"Config": "../c"}]'}, "no '../c'"),
        ({"manifest.json": b'[{"Config": "c"}]', "c": b"{"}, "c: "),
        ({"manifest.json": b'[{"Config": "c"}]', "c": b"7"}, "other layers"),
        ({"manifest.json": b'[{"Config": "c"}]', "c": config(b"x")}, "other layers"),
        (
            {
                "manifest.json": b'[{"Config": "c", "Layers": ["l"]}]',
                "c": b'{"rootfs": {"diff_ids": ["md5:7"]}}',
            },
            "no digest",
        ),
        (
            {
                "manifest.json": b'[{"Config": "c", "Layers": ["l"]}]',
                "c": config(b"x"),
                "l": b"\x28\xb5\x2f\xfd",
            },
            "zstd",
        ),
        (
            {
                "manifest.json": json.dumps(
                    [{"Config": "c", "Layers": ["l"] * 1001}], separators=(",", ":")
                ).encode()
            },
            "more than 1000 layers",
        ),
        ({"manifest.json": b'[{"Config": "c"}]', "c": bytes((4 << 20) + 1)}, "more than"),
        ({"x": b""}, "no 'manifest.json'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_archive_that_is_none_is_refused(tmp_path, files, reason):
    path = tmp_path / "a.tar"
    path.write_bytes(made_images.tar(**files))

    with pytest.raises(InvalidLayout, match=reason):
        await docker_archive.opened(path)


async def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "a.tar"
    with pytest.raises(ManifestAbsent):
        await docker_archive.opened(path)
    with pytest.raises(CannotUseFile):
        await docker_archive.opened(tmp_path)
    for content, reason in ((b"x" * 999, "no tar"), (gzip.compress(b"x"), "compressed")):
        path.write_bytes(content)
        with pytest.raises(InvalidLayout, match=reason):
            await docker_archive.opened(path)


async def test_a_layer_with_other_bytes_than_its_digest_says_is_not_handed_on(tmp_path):
    path = saved(tmp_path / "a.tar", ("a:1", [LAYERS[1]], config(LAYERS[0])))
    source = await docker_archive.opened(path)

    layer = parsed(await source.manifest(source.digest_made)).blobs[1]
    with pytest.raises(InvalidLayout):
        await read(source, layer)


# Writing


async def put(target, image, *, size=100_000):
    for digest, blob in image.blobs.items():
        await target.put_blob(digest, len(blob), made_images.pieces(blob, size))
    await target.put_manifest(image.digest, image.manifest)


@pytest.mark.parametrize(("compressed", "size"), [(True, 1), (True, 100_000), (False, 100_000)])
async def test_what_is_written_is_read_again(tmp_path, compressed, size):
    layers = LAYERS if size > 1 else LAYERS[:1]
    image = made_images.image(*layers, compressed=compressed)
    path = tmp_path / "a.tar"

    async with DockerArchiveFile(path, APP) as target:
        await put(target, image, size=size)
        assert await target.has_blob(next(iter(image.blobs)))

    source = await docker_archive.opened(path, image=APP)
    blobs = parsed(await source.manifest(Tag("1"))).blobs
    assert [await read(source, one) for one in blobs[1:]] == list(layers)
    with tarfile.open(path) as reading:
        (listed,) = json.load(reading.extractfile("manifest.json"))
    assert listed["RepoTags"] == ["quay.io/team/app:1"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.tar"]


async def test_gzip_files_one_behind_the_other_are_one_layer(tmp_path):
    layer = LAYERS[1]
    parts = [gzip.compress(layer[:1000]), gzip.compress(layer[1000:]), gzip.compress(b"")]
    stored = b"".join(parts)
    image = made_images.image(layer)
    path = tmp_path / "a.tar"
    text, _ = image.blobs.items()
    document = json.loads(image.manifest.raw)
    document["layers"] = [made_images.descriptor(document["layers"][0]["mediaType"], stored)]
    manifest = made_images.manifest(image.manifest.media_type, document)
    blobs = {text[0]: text[1], Digest.of(stored): stored}

    async with DockerArchiveFile(path) as target:
        await put(target, made_images.Image(manifest, blobs), size=len(parts[0]))

    source = await docker_archive.opened(path)
    layers = parsed(await source.manifest(source.digest_made)).blobs[1:]
    assert [await read(source, one) for one in layers] == [layer]


async def test_the_same_layer_stands_there_once(tmp_path):
    layer = LAYERS[0]
    image = made_images.image(layer, layer)

    async with DockerArchiveFile(tmp_path / "a.tar") as target:
        await put(target, image)
        stored = gzip.compress(layer, 1, mtime=7)
        await target.put_blob(Digest.of(stored), len(stored), made_images.pieces(stored))

    with tarfile.open(tmp_path / "a.tar") as reading:
        assert len([name for name in reading.getnames() if name.endswith(".tar")]) == 1


async def test_a_layer_that_the_configuration_does_not_know_is_refused(tmp_path):
    image, other = made_images.image(LAYERS[0]), made_images.image(LAYERS[1])
    (text, _), (_, layer) = image.blobs.items(), other.blobs.items()
    document = json.loads(image.manifest.raw)
    document["layers"] = json.loads(other.manifest.raw)["layers"]
    manifest = made_images.manifest(image.manifest.media_type, document)
    forged = made_images.Image(manifest, dict((text, layer)))

    with pytest.raises(InvalidLayout, match="not those that the configuration names"):
        async with DockerArchiveFile(tmp_path / "a.tar") as target:
            await put(target, forged)
    assert list(tmp_path.iterdir()) == []


async def test_what_breaks_off_leaves_nothing(tmp_path):
    image = made_images.image(LAYERS[0])
    *_, (digest, blob) = image.blobs.items()
    async with DockerArchiveFile(tmp_path / "a.tar") as target:
        for bad in (blob[:-9], b"\x1f\x8b" + blob[4:], blob + b"more"):
            with pytest.raises(InvalidLayout):
                await target.put_blob(digest, len(bad), made_images.pieces(bad))
        with pytest.raises(InvalidLayout):
            await target.put_blob(digest, len(blob) + 1, made_images.pieces(blob))
        with pytest.raises(NotInThisForm):
            await target.put_blob(digest, 8, made_images.pieces(b"\x28\xb5\x2f\xfdzstd"))
        assert not await target.has_blob(digest)
        await put(target, image)

    await docker_archive.opened(tmp_path / "a.tar")


async def test_a_layer_that_grows_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(docker_archive_writing, "LAYER_SIZE_LIMIT", 1 << 20)
    image = made_images.image(bytes(3 << 20))

    with pytest.raises(NotInThisForm, match="beyond all measure"):
        async with DockerArchiveFile(tmp_path / "a.tar") as target:
            await put(target, image)
    assert list(tmp_path.iterdir()) == []


async def test_an_archive_is_written_once_and_holds_one_image(tmp_path):
    path, image = tmp_path / "a.tar", made_images.image(LAYERS[0])
    async with DockerArchiveFile(path) as target:
        await put(target, image)
        for manifest in (image.manifest, made_images.index([image])):
            with pytest.raises(NotInThisForm):
                await target.put_manifest(manifest.digest, manifest)

    with pytest.raises(FileExists):
        async with DockerArchiveFile(path):
            pass
    async with DockerArchiveFile(tmp_path / "empty.tar"):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["a.tar"]

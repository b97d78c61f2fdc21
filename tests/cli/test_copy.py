"""`wharf copy` between files: what it plans, does, refuses and tells. Registries are in the end-to-end tests."""

import json
from types import SimpleNamespace

import pytest

import made_images
from wharfinger.cli import app
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.remote.layouts.oci_layout import OciLayout

AMD, ARM = (made_images.image(made_images.tar(cpu=cpu)) for cpu in (b"amd", b"arm"))
INDEX = made_images.index([AMD, ARM], ["linux/amd64", "linux/arm64"])


@pytest.fixture
def wharf(home, capsys):
    def run(*words):
        code = app.run(["copy", *map(str, words)])
        said = capsys.readouterr()
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return run


@pytest.fixture
async def layout(tmp_path):
    """A layout with an index, and one of its images under a tag of its own."""
    made = OciLayout.to_write(tmp_path / "in")
    for image in (AMD, ARM):
        for digest, blob in image.blobs.items():
            await made.put_blob(digest, len(blob), made_images.pieces(blob, 1 << 20))
        await made.put_manifest(image.digest, image.manifest)
    for tag, manifest in (("many", INDEX), ("one", AMD.manifest)):
        await made.put_manifest(made_images.Tag(tag), manifest)
    return tmp_path / "in"


def tags(path):
    entries = json.loads((path / "index.json").read_text())["manifests"]
    names = (entry["annotations"].popitem()[1] for entry in entries)
    return dict(zip(names, (entry["digest"] for entry in entries), strict=True))


def blobs(path):
    return {file.name for file in (path / "blobs/sha256").iterdir()}


def test_an_index_is_copied_whole_and_keeps_its_name_and_digest(wharf, layout, tmp_path):
    done = wharf(f"oci:{layout}:many", f"oci:{tmp_path / 'out'}", "--preserve-digests")

    assert done.code == ExitCode.OK
    assert tags(tmp_path / "out") == {"many": str(INDEX.digest)}
    assert blobs(tmp_path / "out") == blobs(layout)
    assert f"many copied: {INDEX.digest}" in done.out
    assert "image many is there" in done.err
    again = wharf(f"oci:{layout}:many", f"oci:{tmp_path / 'out'}")
    assert f"many is there already: {INDEX.digest}" in again.out


def test_one_platform_is_copied_alone(wharf, layout, tmp_path):
    words = (f"oci:{layout}:many", f"oci:{tmp_path / 'out'}:arm", "--multi-arch", "system")
    done = wharf(*words, "--platform=linux/arm64", "-q")

    assert (done.code, done.out, done.err) == (ExitCode.OK, "", "")
    assert tags(tmp_path / "out") == {"arm": str(ARM.digest)}
    refused = wharf(*words, "--preserve-digests", "--platform=linux/amd64")
    assert refused.code == ExitCode.ERROR
    assert "has the digest" in refused.err


def test_an_archive_gets_one_image_and_gives_it_back(wharf, layout, tmp_path):
    archive = f"docker-archive:{tmp_path / 'a.tar'}"
    wharf(f"oci:{layout}:many", f"{archive}:app:1", "--platform=linux/arm64")

    done = wharf(f"{archive}:app:1", f"oci:{tmp_path / 'out'}", "-o", "json")

    (copied,) = json.loads(done.out)["copied"]
    assert tags(tmp_path / "out") == {"latest": copied["digest"]}
    assert wharf(f"oci:{layout}:one", archive).code == ExitCode.ERROR
    assert wharf(f"oci:{layout}:one", f"{archive}.gone", "--all").code == ExitCode.USAGE


def test_a_plan_changes_nothing(wharf, layout, tmp_path):
    planned = wharf(f"oci:{layout}", f"oci:{tmp_path / 'out'}", "--all-tags", "--plan")

    assert planned.out.splitlines()[0].split() == ["IMAGE", "CHANGE", "DIGEST", "NOW"]
    assert "2 images to copy, 4 blobs with" in planned.out
    assert not (tmp_path / "out").exists()
    words = ("--all-tags", "--plan", "-o", "json")
    found = json.loads(wharf(f"oci:{layout}", f"oci:{tmp_path / 'out'}", *words).out)
    assert [(one["image"], one["change"]) for one in found["changes"]] == [
        ("many", "new"),
        ("one", "new"),
    ]


def test_what_is_extra_is_deleted_with_consent_only(wharf, layout, tmp_path):
    out = tmp_path / "out"
    wharf(f"oci:{layout}:one", f"oci:{out}:old")
    words = (f"oci:{layout}", f"oci:{out}", "--all-tags", "--delete-extra")

    asked = wharf(*words)

    assert asked.code == ExitCode.USAGE
    assert "old     delete" in asked.err
    assert set(tags(out)) == {"old"}
    done = wharf(*words, "--yes")
    assert done.code == ExitCode.OK
    assert "old deleted" in done.out
    assert set(tags(out)) == {"many", "one"}


def test_what_fails_is_told_by_name_and_does_not_keep_the_rest(wharf, layout, tmp_path):
    config = next(iter(ARM.blobs))
    (layout / "blobs/sha256" / config.hex).write_bytes(b"forged")
    out = tmp_path / "out"
    words = ("--all-tags", "--progress=none")

    done = wharf(f"oci:{layout}", f"oci:{out}", *words)

    assert done.code == ExitCode.PARTIAL
    assert "error: many: cannot read images in" in done.err
    assert set(tags(out)) == {"one"}
    assert "1 copied, 1 failed" in done.out
    alone = wharf(f"oci:{layout}:many", f"oci:{out}:x", "-o", "json", "--progress=none")
    assert alone.code == ExitCode.ERROR
    assert [one["code"] for one in json.loads(alone.out)["failures"]] == ["invalid-layout"]


def test_progress_is_told_as_json(wharf, layout, tmp_path):
    done = wharf(f"oci:{layout}:one", f"oci:{tmp_path / 'out'}", "--progress=json")

    told = [json.loads(line) for line in done.err.splitlines()]
    assert told[-1] == {"event": "image", "name": "one", "done": 0, "whole": 0, "message": ""}
    ended = [one for one in told if one["event"] == "copied"]
    assert {one["name"] for one in ended} == set(map(str, AMD.blobs))
    assert all(one["done"] == one["whole"] for one in ended)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("busybox", "oci:x"), "does not begin with a way"),
        (("oci:x:a", "oci:y", "--all-tags"), "all tags of oci:x:a"),
        (("oci:x", "docker-archive:y", "--all-tags", "--all"), "an archive has one image"),
        (("oci:x", "docker-archive:y", "--referrers"), "an archive has one image"),
        (("oci:x", "docker-archive:y", "--preserve-digests"), "an archive has one image"),
        (("oci:x", "oci:y", "--delete-extra"), "give --all-tags"),
        (("oci:x", "oci:y", "--all", "--multi-arch=system"), "at once"),
        (("oci:x", "oci:y", "--platform=linux/arm64"), "--multi-arch=system"),
        (("oci:x", "oci:y", "--retry-times=-1"), "so often"),
        (("oci:x", "oci:y", "--timeout=0"), "wait so long"),
        (("docker://r.test/x", "oci:y", "--src-creds=:x"), "USER:PASSWORD"),
        (("docker://r.test/x", "oci:y", "--src-creds=user"), "stdin is not a terminal"),
        (("docker://r.test/x", "oci:y", "--src-creds-file=/nowhere"), "No such file"),
        (("docker://r.test/x", "oci:y", "--authfile=/nowhere"), "cannot read the logins"),
        (("docker://r.test/x", "oci:y", "--src-cert-dir=/nowhere"), "cannot read certificates"),
    ],
    ids=lambda value: " ".join(value[2:]) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_refused(wharf, words, reason):
    done = wharf(*words)

    assert (done.code, done.out) == (
        ExitCode.ERROR if "does not begin" in reason else ExitCode.USAGE,
        "",
    )
    assert reason in done.err

"""containerd lets an image in only if the site's rules do."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host import verify_image

DIGEST = "sha256:" + "ab" * 32
OTHERS = ("-digest", DIGEST, "-stdin-media-type", "application/vnd.oci.descriptor.v1+json")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "access.json"
    file.write_text('{"allow": ["good.test"], "block": ["all"]}')
    file.chmod(0o644)
    return str(file)


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("good.test/a:1", 0, "good.test is allowed by site rule allow: good.test"),
        (f"good.test/a@{DIGEST}", 0, "good.test is allowed by site rule allow: good.test"),
        ("docker.io/library/a:1", 1, "docker.io is blocked by site rule block: all, not on allow"),
        ("good.test.evil.test/a:1", 1, "good.test.evil.test is blocked by site rule block: all"),
    ],
)
def test_the_name_decides(path, capsys, name, code, reason):
    assert verify_image.run(("-name", name, *OTHERS), path) == code
    assert capsys.readouterr().out.startswith(reason)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        OTHERS,
        ("-name",),
        ("-name", "", *OTHERS),
        ("-name", "good.test/a", "-name", "bad.test/a"),
        ("-name", "good.test/a", "-other", "x"),
        ("good.test/a",),
        ("-name", "busybox"),
        ("-name", "good.test"),
        ("-name", "Good/../a"),
        ("-name", "good.test/a\x1b[2J"),
    ],
)
def test_what_cannot_be_read_is_kept_out(path, capsys, arguments):
    assert verify_image.run(arguments, path) == 1
    out = capsys.readouterr().out
    assert out
    assert "\x1b" not in out


@pytest.mark.parametrize("form", [("-name=good.test/a",), ("--name", "good.test/a")])
def test_arguments_are_written_as_go_takes_them(path, form):
    assert verify_image.run((*form, "-operation", "run"), path) == 0


def test_without_a_policy_nothing_gets_in(tmp_path, capsys):
    assert verify_image.run(("-name", "good.test/a:1", *OTHERS), str(tmp_path / "none")) == 1
    assert "cannot read the access policy" in capsys.readouterr().out

"""`wharf docker-load` and `wharf verify-image`: their arguments, and how they end."""

from __future__ import annotations

import json

import pytest

from wharfinger.cli import app
from wharfinger.hosts.on_host import verify_image


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "access.json"
    file.write_text(json.dumps({"allow": ["good.test"], "block": ["all"]}))
    file.chmod(0o644)
    return file


def test_loading_without_a_policy_or_an_archive_says_what_is_missing(tmp_path, policy, capsys):
    assert (
        app.run(["docker-load", str(tmp_path / "a.tar"), "--policy", str(tmp_path / "none")]) != 0
    )
    assert "cannot read the access policy" in capsys.readouterr().err
    assert app.run(["docker-load", str(tmp_path / "a.tar"), "--policy", str(policy)]) != 0
    assert "cannot open" in capsys.readouterr().err


def test_loading_what_is_no_archive_is_refused(tmp_path, policy, capsys):
    (tmp_path / "a.tar").write_text("no archive")

    assert app.run(["docker-load", str(tmp_path / "a.tar"), "--policy", str(policy)]) != 0
    assert "cannot read the image archive" in capsys.readouterr().err


def test_containerd_s_arguments_reach_the_verifier_as_they_are(monkeypatch):
    given = ["-name", "good.test/a:1", "-digest", "sha256:0", "-stdin-media-type", "application/x"]
    seen = []
    monkeypatch.setattr(verify_image, "run", lambda arguments: seen.extend(arguments) or 1)

    assert app.run(["verify-image", *given]) == 1
    assert seen == given

"""`wharf hosts` on a directory tree, with the real engine under it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

SITE = """\
registries:
  search: [registry.site.test:5000, docker.io]
  block: [quay.io]
  insecure: [localhost:5000]
"""
DAEMON = """\
{
    "log-driver": "journald"
}
"""


@pytest.fixture
def root(home) -> Path:
    """A Debian host with Docker and Podman."""
    root = home / "root"
    for folder in ("etc/docker", "etc/containers", "usr/bin", "usr/sbin"):
        (root / folder).mkdir(parents=True)
    (root / "etc/os-release").write_text('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\n')
    (root / "etc/docker/daemon.json").write_text(DAEMON)
    for program in ("usr/sbin/dockerd", "usr/bin/podman"):
        (root / program).touch(mode=0o755)
    return root


@pytest.fixture
def site(home) -> str:
    (home / "site.yaml").write_text(SITE)
    return str(home / "site.yaml")


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and "wharfinger-host" not in str(path)
    }


def test_facts_are_shown_in_short_and_whole(wharf, root):
    short = wharf("hosts", "facts", "--root", str(root))
    whole = wharf("hosts", "facts", "--root", str(root), "-o", "json")

    assert "Debian GNU/Linux 12 (debian)" in short.out
    assert set(json.loads(whole.out)["runtimes"]) == {"docker", "podman"}


def test_a_plan_shows_diffs_and_costs_and_writes_nothing(wharf, root, site):
    before = tree(root)

    done = wharf("hosts", "plan", site, "--root", str(root))

    assert done.code == 0
    assert '+    "insecure-registries": [' in done.out.replace("\t", "    ")
    assert "not enforced here:" in done.out
    assert tree(root) == before
    assert not (root / "var").exists()


def test_a_plan_can_be_made_of_facts_from_elsewhere(wharf, root, site, home):
    facts = wharf("hosts", "facts", "--root", str(root), "-o", "json").out
    (home / "facts.json").write_text(facts)

    here = wharf("hosts", "plan", site, "--root", str(root), "-o", "json")
    there = wharf("hosts", "plan", site, "--facts", str(home / "facts.json"), "-o", "json")

    assert json.loads(there.out) == json.loads(here.out)


@pytest.mark.parametrize("content", ["", "[]", "{}", "[1]", '{"files": 1}', "[" * 100_000])
def test_what_are_no_facts_is_refused(wharf, site, home, content):
    (home / "facts.json").write_text(content)

    done = wharf("hosts", "plan", site, "--facts", str(home / "facts.json"))

    assert done.code == 2
    assert "error: cannot read facts" in done.err


def test_apply_verify_undo(wharf, root, site):
    before = tree(root)

    assert wharf("hosts", "verify", site, "--root", str(root)).code == 1
    done = wharf("hosts", "apply", site, "--root", str(root), "--yes")
    assert done.code == 0, done.err
    assert "log-driver" in (root / "etc/docker/daemon.json").read_text()
    assert wharf("hosts", "verify", site, "--root", str(root)).code == 0
    assert "already so" in wharf("hosts", "plan", site, "--root", str(root)).out

    assert wharf("hosts", "undo", "--root", str(root)).code == 0
    assert tree(root) == before


def test_a_second_apply_does_nothing(wharf, root, site):
    wharf("hosts", "apply", site, "--root", str(root), "--yes")
    after = tree(root)

    done = wharf("hosts", "apply", site, "--root", str(root), "--yes")

    assert "nothing to do" in done.out
    assert tree(root) == after
    assert (
        len(json.loads(wharf("hosts", "history", "--root", str(root), "-o", "json").out)["items"])
        == 1
    )


def test_apply_asks_and_without_a_terminal_says_how_to_agree(wharf, root, site):
    before = tree(root)

    done = wharf("hosts", "apply", site, "--root", str(root))

    assert done.code == 2
    assert "hint: say so with --yes" in done.err
    assert tree(root) == before


def test_check_only_shows(wharf, root, site):
    before = tree(root)

    done = wharf("hosts", "apply", site, "--root", str(root), "--check")

    assert (done.code, tree(root)) == (0, before)


def test_drift_is_told_with_its_exit_code(wharf, root, site):
    wharf("hosts", "apply", site, "--root", str(root), "--yes")
    assert wharf("hosts", "drift", "--root", str(root)).code == 0

    (root / "etc/docker/daemon.json").write_text("{}\n")
    done = wharf("hosts", "drift", "--root", str(root))

    assert done.code == 1
    assert "/etc/docker/daemon.json" in done.out


def test_an_undo_that_would_lose_somebodys_change_is_refused(wharf, root, site):
    wharf("hosts", "apply", site, "--root", str(root), "--yes")
    (root / "etc/docker/daemon.json").write_text("{}\n")

    done = wharf("hosts", "undo", "--root", str(root))

    assert done.code == 1
    assert "/etc/docker/daemon.json" in done.err
    assert (root / "etc/docker/daemon.json").read_text() == "{}\n"
    assert wharf("hosts", "undo", "--force", "--root", str(root)).code == 0
    assert (root / "etc/docker/daemon.json").read_text() == DAEMON


def test_undo_without_an_apply_says_so(wharf, root):
    done = wharf("hosts", "undo", "--root", str(root))

    assert done.code == 1
    assert "cannot undo" in done.err


def test_a_root_that_is_no_directory_is_refused(wharf, site):
    assert wharf("hosts", "plan", site, "--root", "/nowhere").code == 2


def test_the_bundle_is_one_file_that_can_be_run(wharf, home, root):
    done = wharf("hosts", "bundle", str(home / "host.pyz"))

    assert done.code == 0
    told = subprocess.run(
        (home / "host.pyz", "facts", "--root", root), capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout)["family"] == "debian"

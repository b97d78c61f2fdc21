"""`wharf hosts explain` on a directory tree and on facts from another host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SITE = "registries: {allow: ['registry.site.test:5000'], block: [all]}\n"


@pytest.fixture
def root(home, wharf) -> Path:
    """A Debian host with Docker and Podman, as the site file wants it."""
    root = home / "root"
    for folder in ("etc/docker", "etc/containers", "usr/bin", "usr/sbin"):
        (root / folder).mkdir(parents=True)
    (root / "etc/os-release").write_text('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\n')
    for program in ("usr/sbin/dockerd", "usr/bin/podman"):
        (root / program).touch(mode=0o755)
    (home / "site.yaml").write_text(SITE)
    done = wharf("hosts", "apply", str(home / "site.yaml"), "--root", str(root), "--yes")
    assert done.code == 0, done.err
    return root


def test_a_refused_image_exits_with_5_and_names_the_lines(wharf, root):
    done = wharf("hosts", "explain", "quay.io/app", "--root", str(root))

    assert done.code == 5
    assert "refused" in done.out
    for path in ("/etc/containers/policy.json:", "/etc/wharfinger/access.json:"):
        assert path in done.out


def test_an_allowed_image_shows_from_where_it_would_come(wharf, root):
    done = wharf("hosts", "explain", "registry.site.test:5000/team/app", "--root", str(root))

    assert done.code == 0
    assert "registry.site.test:5000/team/app" in done.out
    assert "PULLED FROM" in done.out


def test_runtimes_that_differ_exit_with_4(wharf, root):
    (root / "etc/docker/daemon.json").write_text("{}\n")

    done = wharf("hosts", "explain", "quay.io/app", "--root", str(root), "-o", "json")

    assert done.code == 4
    verdicts = {item["runtime"]: item["allowed"] for item in json.loads(done.out)["items"]}
    assert verdicts == {"docker": True, "containers": False}


def test_facts_of_another_host_are_enough(wharf, root, home):
    facts = wharf("hosts", "facts", "--root", str(root), "-o", "json")
    (home / "facts.json").write_text(facts.out)

    done = wharf("hosts", "explain", "quay.io/app", "--facts", str(home / "facts.json"))

    assert done.code == 5


def test_a_name_that_is_none_is_refused(wharf, root):
    done = wharf("hosts", "explain", "Quay/App", "--root", str(root))

    assert done.code == 1
    assert "cannot read image name" in done.err

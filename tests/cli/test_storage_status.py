"""`wharf storage status` and `watch` as far as they go without disks; tests/vm has them on real ones."""

from __future__ import annotations

import json

import pytest

from fake_host import put
from wharfinger.hosts.on_host.storage import facts as storage_facts


def test_a_directory_tree_tells_of_engines_and_has_no_disks(wharf, tmp_path):
    put(tmp_path, "/usr/sbin/dockerd")
    put(tmp_path, "/etc/docker/daemon.json", b'{"data-root": "/srv/docker"}')

    done = wharf("storage", "status", "--root", str(tmp_path))

    assert done.code == 0
    assert done.out.splitlines()[-1] == "docker  not running, /srv/docker"


def test_a_program_gets_the_facts_as_a_plan_reads_them(wharf, tmp_path):
    done = wharf("storage", "status", "--root", str(tmp_path), "-o", "json")

    document = json.loads(done.out)
    assert storage_facts.from_json(document["facts"]).devices == ()
    assert (document["fills"], document["forecasts"], document["troubles"]) == ([], [], [])


@pytest.mark.parametrize(
    "words",
    [
        ("--reserve", "100"),
        ("--percent", "0"),
        ("--threshold", "100"),
        ("--every", "0.5"),
    ],
)
def test_a_watch_that_makes_no_sense_is_not_begun(wharf, words):
    done = wharf("storage", "watch", "--once", *words)

    assert done.code == 2
    assert "cannot" in done.err

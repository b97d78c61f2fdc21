from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fake_host
from wharfinger.hosts import bundle
from wharfinger.hosts.on_host import changes, facts
from wharfinger.hosts.on_host.changes import Order

OLDEST = next(
    (str(path) for path in Path("/root/.pyenv/versions").glob("3.9.*/bin/python")), sys.executable
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "wharf-host.pyz"
    path.write_bytes(bundle.content())
    return path


@pytest.fixture
def call(file, tmp_path):
    """Runs the bundle as a host does that has Python and nothing else."""

    def call(*words, given=""):
        command = (OLDEST, "-I", "-S", file, *words, "--root", tmp_path)
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return json.loads(done.stdout)

    return call


def test_the_same_source_gives_the_same_bytes(file):
    assert bundle.content() == file.read_bytes()
    assert file.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_it_has_what_a_host_needs_and_nothing_else(file):
    names = set(zipfile.ZipFile(file).namelist())

    assert "wharfinger/hosts/on_host/docker_authz/life.py" in names
    assert not [name for name in names if "/site" in name or "cli/" in name or ".pyc" in name]


def test_it_runs_with_nothing_but_the_standard_library(call, tmp_path):
    fake_host.put(tmp_path, fake_host.DAEMON_JSON, b"old")
    change = fake_host.write(fake_host.DAEMON_JSON, b"new", over=b"old")

    assert facts.from_json(call("facts")).content(fake_host.DAEMON_JSON) == b"old"
    order = json.dumps(changes.to_json(Order((change,))))
    assert call("apply", given=order)["ending"] == "applied"
    assert (tmp_path / fake_host.DAEMON_JSON[1:]).read_bytes() == b"new"
    assert call("undo")["ending"] == "undone"
    assert (tmp_path / fake_host.DAEMON_JSON[1:]).read_bytes() == b"old"


def test_every_module_keeps_to_python_3_9(file, tmp_path):
    zipfile.ZipFile(file).extractall(tmp_path)
    vermin = shutil.which("vermin", path=str(Path(sys.executable).parent))
    assert vermin is not None

    done = subprocess.run(
        (vermin, "-t=3.9-", "--no-tips", "--violations", tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("word", ["docker-authz", "verify-image"])
def test_every_module_is_one_that_it_can_import(file, word):
    done = subprocess.run(
        (OLDEST, "-I", "-S", file, word, "--help"), capture_output=True, text=True, check=False
    )

    assert "Traceback" not in done.stderr
    assert done.stdout

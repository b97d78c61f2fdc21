"""
Ansible's own checks of the collection.

Some checks get an environment of their own from pip, which takes longer than they do. Left out are
those of which the others, or ruff, see the same: `docs/reference/ansible.md` says how to run them all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from e2e import machine

pytestmark = pytest.mark.e2e

COLLECTION = machine.ROOT / "ansible" / "ansible_collections" / "wharfinger" / "site"
LEFT_OUT = ("ansible-doc", "changelog", "pep8", "pylint", "runtime-metadata")
PIP = """\
import subprocess
import sys

for words in (("ensurepip",), ("pip", "install", "--quiet", "pip==24.2")):
    subprocess.run((sys.executable, "-m", *words), check=True)
"""
"""In the place of a script that ansible-test would fetch from a server of its own."""


def test_ansible_finds_nothing_wrong_with_the_collection(tmp_path: Path) -> None:
    home = machine.ROOT / ".cache" / "ansible-test"
    bootstrap = home / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(PIP)
    settings = Path.home() / ".config" / "pip"
    if settings.exists() and not (home / ".config" / "pip").exists():
        (home / ".config").mkdir(exist_ok=True)
        (home / ".config" / "pip").symlink_to(settings)
    copy = tmp_path / "ansible_collections" / "wharfinger" / "site"
    shutil.copytree(COLLECTION, copy, ignore=shutil.ignore_patterns("__pycache__"))

    done = machine.run(
        *(machine.ROOT / ".venv" / "bin" / "ansible-test", "sanity", "--local"),
        *("--python", "3.11", "--color", "no"),
        *(word for one in LEFT_OUT for word in ("--skip-test", one)),
        cwd=copy,
        environ={"HOME": str(home), "LC_ALL": "C.UTF-8"},
        seconds=600,
    )

    assert done.ok, "\n".join(
        line for line in (done.out + done.err).splitlines() if line.startswith(("ERROR", "FATAL"))
    )

"""
The README's commands do what it says, as they are written.

They run in one shell, in a network of their own where port 5000 is free and nothing outside can
be reached, with a Docker daemon beside them. Lines that begin with `$ ` are commands; the others
show what they print.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from e2e import clients, machine

pytestmark = pytest.mark.e2e

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

HARNESS = """
set -euo pipefail
ip link set lo up
dockerd --data-root="$DOCK/data" --exec-root="$DOCK/exec" --pidfile="$DOCK/pid" \\
    --host="unix://$DOCK/sock" --bridge=none --iptables=false >"$DOCK/log" 2>&1 &
for _ in $(seq 300); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
docker version >/dev/null
tar -C / -c bin/busybox | docker import - busybox:latest >/dev/null
set -x
"""


def commands(page: str) -> list[str]:
    """The commands of all console blocks; a line that ends in a backslash goes on in the next."""
    found: list[str] = []
    goes_on = False
    for block in _BLOCK.findall(page):
        for line in block.splitlines():
            if goes_on:
                found[-1] += f"\n{line.removeprefix('> ')}"
            elif line.startswith("$ "):
                found.append(line.removeprefix("$ "))
            else:
                continue
            goes_on = line.endswith("\\")
    return found


@pytest.mark.parametrize("docker", clients.DOCKERS)
def test_the_readme_works_as_written(docker: str, short_path: Path) -> None:
    machine.need_root()
    dock = short_path
    for program in ("busybox", "dockerd", "ip", "podman", "skopeo", "unshare"):
        machine.need(program)
    (dock / "bin").mkdir()
    (dock / "bin" / "docker").symlink_to(clients.docker_client(docker))
    script = "\n".join([HARNESS, *commands((machine.ROOT / "README.md").read_text())])
    (dock / "home").mkdir()
    storage = dock / "storage.conf"
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{dock}/podman"\nrunroot = "{dock}/podman-run"\n'
    )
    environ = {
        "CONTAINERS_STORAGE_CONF": str(storage),
        "DOCK": str(dock),
        "DOCKER_HOST": f"unix://{dock / 'sock'}",
        "HOME": str(dock / "home"),
        "PATH": f"{dock / 'bin'}:{os.environ['PATH']}",
        "WHARF_STATE": str(dock / "state"),
    }

    # All that the commands leave running ends with the process namespace.
    apart = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    done = machine.run(*apart, "bash", "-c", script, environ=environ, cwd=machine.ROOT, seconds=300)

    assert done.ok, f"{done.out}\n{done.err}"

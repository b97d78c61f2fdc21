"""
Runs in the guest: what an engine holds, told by itself and by the files of its volumes.

Nothing of our own code is used, so that it can judge what ours has done. A container's file `/note`
is what it has written over its image. An image that has no name is known by its id.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import socket
import tarfile
from pathlib import Path
from typing import Any


class Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")


def asked(path: str) -> bytes | None:
    connection = Connection("docker")
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status in (200, 404), (path, answer.status, answer.read())
    return answer.read() if answer.status == 200 else None


def told(path: str) -> Any:
    found = asked(path)
    assert found is not None, path
    return json.loads(found)


def image(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": found["Id"],
        "tags": sorted(found["RepoTags"]),
        "digests": sorted(found["RepoDigests"]),
        "layers": found["RootFS"]["Layers"],
        "labels": found["Config"]["Labels"],
        "created": found["Created"],
    }


def said(settings: dict[str, Any], *told_elsewhere: str) -> dict[str, Any]:
    """What somebody has asked for; engines spell in several ways that nothing was."""
    nothing: tuple[Any, ...] = (None, "", [], {})
    return {
        name: value
        for name, value in settings.items()
        if value not in nothing and name not in told_elsewhere
    }


def note(container: str) -> str | None:
    archive = asked(f"/containers/{container}/archive?path=/note")
    if archive is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile("note")
        assert file is not None
        return file.read().decode()


def container(found: dict[str, Any]) -> dict[str, Any]:
    mounts = [[one["Name"], one["Destination"], one["RW"]] for one in found["Mounts"]]
    return {
        "id": found["Id"],
        "image": found["Image"],
        "config": said(found["Config"], "Image", "Volumes"),
        "host": said(found["HostConfig"], "Binds", "Mounts", "ConsoleSize"),
        "mounts": sorted(mounts),
        "note": note(found["Id"]),
    }


def files(root: Path) -> dict[str, list[Any]]:
    found = {}
    for path in sorted(root.glob("*/_data/**/*")):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        look = [status.st_mode, status.st_uid, status.st_mtime_ns]
        found[str(path.relative_to(root))] = [*look, digest]
    return found


def main() -> None:
    info = told("/info")
    images = [image(told(f"/images/{one['Id']}/json")) for one in told("/images/json")]
    names = [one["Id"] for one in told("/containers/json?all=1")]
    containers = [told(f"/containers/{one}/json") for one in names]
    document = {
        "driver": info["Driver"],
        "pid": os.getpgid(int(Path("/var/run/docker.pid").read_text())),
        "images": {(one["tags"] or [one["id"]])[0]: one for one in images},
        "containers": {one["Name"]: container(one) for one in containers},
        "volumes": files(Path(info["DockerRootDir"]) / "volumes"),
    }
    print(json.dumps(document))


main()

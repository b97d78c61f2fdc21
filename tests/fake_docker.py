"""
A Docker engine for tests: its API on a Unix socket, with real archives and real digests.

It keeps images, containers, volumes and networks as far as carrying them needs, and can fail on
demand: `cut` ends an archive early, `last_words` is what it writes into one, `refusal` what it answers
to a load.
"""

from __future__ import annotations

import hashlib
import io
import json
import socketserver
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from fake_host import Docker, FakeHost
from wharfinger.hosts.on_host.docker_authz import addresses
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.work import Notes, Setting
from wharfinger.hosts.on_host.tree import Disk

FOLDER = "/var/lib/wharfinger-host/storage/000001"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar_of(files: dict[str, bytes | None]) -> bytes:
    """`None` stands for a directory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                member.size = len(content)
            archive.addfile(member, None if content is None else io.BytesIO(content))
    return packed.getvalue()


def names_in(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getnames()


@dataclass(frozen=True)
class HeldImage:
    config: bytes
    layers: tuple[bytes, ...]
    tags: tuple[str, ...] = ()
    parent: str = ""
    digests: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return digest_of(self.config)


def image(*layers: bytes, tags: Sequence[str] = (), parent: str = "", note: str = "") -> HeldImage:
    config = {
        "created": "2020-01-01T00:00:00Z",
        "config": {"Labels": {"note": note}},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(one) for one in layers]},
    }
    return HeldImage(json.dumps(config).encode(), layers, tuple(sorted(tags)), parent)


@dataclass
class HeldContainer:
    """`changes` are kinds by path, `files` what an export has."""

    inspected: dict[str, Any]
    changes: dict[str, int] = field(default_factory=dict)
    files: dict[str, bytes | None] = field(default_factory=dict)
    running: bool = False


def container(name: str, of: HeldImage, **more: Any) -> HeldContainer:
    id_ = hashlib.sha256(name.encode()).hexdigest()
    inspected = {
        "Id": id_,
        "Name": f"/{name}",
        "Image": of.id,
        "Config": {"Hostname": id_[:12], "Image": of.tags[0], "Env": ["A=b"]},
        "HostConfig": {"NetworkMode": "default"},
        "Mounts": [],
        "NetworkSettings": {"Networks": {"bridge": {}}},
        **more,
    }
    return HeldContainer(inspected)


class FakeDocker:
    """`asked` are the requests, without their queries."""

    def __init__(self, root: Path, driver: str = "devicemapper") -> None:
        self.root, self.driver = root, driver
        self.images: dict[str, HeldImage] = {}
        self.containers: list[HeldContainer] = []
        self.volumes: dict[str, dict[str, Any]] = {}
        self.networks: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.layout = "legacy"
        self.layers_size: int | None = None
        self.cut = 0
        self.last_words = b""
        self.refusal = ""
        self.snapshots = False

    def hold(self, *images: HeldImage) -> None:
        self.images.update((one.id, one) for one in images)

    # Images

    def inspected(self, one: HeldImage) -> dict[str, Any]:
        config = json.loads(one.config)
        id_ = digest_of(b"manifest" + one.config) if self.snapshots else one.id
        return {
            "Id": id_,
            "RepoTags": list(one.tags),
            "RepoDigests": list(one.digests),
            "Parent": one.parent,
            "Created": config["created"],
            "Config": config["config"],
            "RootFS": {"Layers": config["rootfs"]["diff_ids"]},
            "Size": sum(map(len, one.layers)),
        }

    def found_image(self, name: str) -> HeldImage | None:
        return next(
            (
                one
                for one in self.images.values()
                if name == self.inspected(one)["Id"] or name in (*one.tags, *one.digests)
            ),
            None,
        )

    def saved(self, one: HeldImage) -> bytes:
        files: dict[str, bytes | None] = {}
        names = []
        for layer in one.layers:
            hexed = digest_of(layer)[7:]
            names.append(f"blobs/sha256/{hexed}" if self.layout == "oci" else f"{hexed}/layer.tar")
            files[names[-1]] = layer
        config = f"blobs/sha256/{one.id[7:]}" if self.layout == "oci" else f"{one.id[7:]}.json"
        files[config] = one.config
        files["manifest.json"] = json.dumps([{"Config": config, "Layers": names}]).encode()
        whole = tar_of(files)
        return (whole[: self.cut] if self.cut else whole) + self.last_words

    def load(self, archive: bytes) -> bytes:
        if self.refusal:
            return json.dumps({"errorDetail": {}, "error": self.refusal}).encode() + b"\r\n"
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            files = {one.name: opened.extractfile(one).read() for one in opened}  # type: ignore[union-attr]  # all are files
        known = {digest_of(layer): layer for one in self.images.values() for layer in one.layers}
        for item in json.loads(files["manifest.json"]):
            config = files[item["Config"]]
            ids = json.loads(config)["rootfs"]["diff_ids"]
            layers = [
                known[id_] if name not in files else files[name]
                for name, id_ in zip(item["Layers"], ids, strict=True)
            ]
            assert [digest_of(layer) for layer in layers] == ids
            old = self.images.get(digest_of(config), HeldImage(config, tuple(layers)))
            tags = tuple(sorted({*old.tags, *(item["RepoTags"] or ())}))
            parent = item.get("Parent", old.parent)
            self.hold(replace(old, tags=tags, parent=parent))
        return b'{"stream":"Loaded"}\r\n'

    # Containers

    def found_container(self, name: str) -> HeldContainer | None:
        for one in self.containers:
            if name in (one.inspected["Id"], one.inspected["Name"].lstrip("/")):
                return one
        return None

    def create(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        host, networking = asked.pop("HostConfig"), asked.pop("NetworkingConfig")
        of = self.found_image(asked["Image"])
        assert of is not None
        binds = [bind.split(":") for bind in host.get("Binds") or ()]
        made = container(
            name,
            HeldImage(of.config, of.layers, (asked["Image"],)),
            HostConfig=host,
            Image=self.inspected(of)["Id"],
            Mounts=[
                {"Type": "volume", "Name": source, "Destination": place, "RW": "ro" not in mode}
                for source, place, *mode in binds
            ],
            NetworkSettings={"Networks": networking["EndpointsConfig"] or {"bridge": {}}},
        )
        made.inspected["Config"] = {"Hostname": made.inspected["Id"][:12], **asked}
        self.containers.append(made)
        return {"Id": made.inspected["Id"]}

    # Requests

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        """A document, bytes, or a status."""
        words = [unquote(word) for word in path.strip("/").split("/")]
        match (method, *words):
            case ("GET", "_ping"):
                return b"OK"
            case ("GET", "info"):
                kind = [["driver-type", "io.containerd.snapshotter.v1"]] if self.snapshots else []
                return {
                    "Driver": self.driver,
                    "DockerRootDir": str(self.root),
                    "DriverStatus": kind,
                }
            case ("GET", "system", "df"):
                sizes = {digest_of(x): len(x) for one in self.images.values() for x in one.layers}
                known = sum(sizes.values())
                return {"LayersSize": known if self.layers_size is None else self.layers_size}
            case ("GET", "images", "json"):
                return [{"Id": self.inspected(one)["Id"]} for one in self.images.values()]
            case ("GET", "images", "get"):
                found = self.found_image(query["names"])
                assert found is not None
                return self.saved(found)
            case ("POST", "images", "load"):
                return self.load(body)
            case ("GET", "images", *name, "json"):
                found = self.found_image("/".join(name))
                return 404 if found is None else self.inspected(found)
            case ("DELETE", "images", *name):
                return self._remove_image("/".join(name))
            case ("GET", "volumes"):
                return {"Volumes": list(self.volumes.values())}
            case ("POST", "volumes", "create"):
                return self._volume(json.loads(body))
            case ("DELETE", "volumes", name):
                return 404 if self.volumes.pop(name, None) is None else 204
            case ("GET", "networks"):
                return self.networks
            case ("POST", "networks", "create"):
                self.networks.append({**json.loads(body), "Scope": "local"})
                return {}
            case ("GET", "containers", "json"):
                listed = [one for one in self.containers if one.running or "all" in query]
                return [
                    {"Id": one.inspected["Id"], "Names": [one.inspected["Name"]], "Created": at}
                    for at, one in enumerate(listed)
                ]
            case ("POST", "containers", "create"):
                return self.create(query["name"], json.loads(body))
            case (_, "containers", name, *rest):
                return self._container(method, name, rest, query, body)
        raise AssertionError(f"{method} {path}")

    def _container(
        self, method: str, name: str, rest: list[str], query: dict[str, str], body: bytes
    ) -> Any:
        held = self.found_container(name)
        if held is None:
            return 404
        match (method, *rest):
            case ("GET", "json"):
                return held.inspected
            case ("GET", "changes"):
                return [{"Path": path, "Kind": kind} for path, kind in held.changes.items()]
            case ("GET", "export"):
                return tar_of(held.files) + self.last_words
            case ("PUT", "archive"):
                with tarfile.open(fileobj=io.BytesIO(body)) as opened:
                    for one in opened:
                        file = opened.extractfile(one)
                        held.files[one.name] = None if file is None else file.read()
                        held.changes["/" + one.name] = 1
                return 200
            case ("POST", "rename"):
                held.inspected["Name"] = "/" + query["name"]
                return 204
            case ("DELETE",):
                self.containers.remove(held)
                return 204
        raise AssertionError(f"{method} {name} {rest}")

    def _remove_image(self, name: str) -> int:
        found = self.found_image(name)
        if found is None:
            return 404
        if name in found.tags and len(found.tags) > 1:
            left = tuple(tag for tag in found.tags if tag != name)
            self.images[found.id] = replace(found, tags=left)
        else:
            del self.images[found.id]
        return 200

    def _volume(self, asked: dict[str, Any]) -> dict[str, Any]:
        place = self.root / "volumes" / asked["Name"] / "_data"
        place.mkdir(parents=True, exist_ok=True)
        made = {
            "Name": asked["Name"],
            "Driver": asked["Driver"],
            "Labels": asked["Labels"],
            "Options": asked["DriverOpts"] or {},
            "Mountpoint": str(place),
        }
        self.volumes[asked["Name"]] = made
        return made

    @contextmanager
    def serving(self, address: Path) -> Iterator[None]:
        handler = type("Handler", (_Handler,), {"docker": self})
        with socketserver.ThreadingUnixStreamServer(str(address), handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    docker: ClassVar[FakeDocker]
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        self.docker.asked.append(f"{self.command} {unquote(parts.path)}")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            body = self._body()
        except ConnectionError:  # whoever asked has thought better of it
            self.close_connection = True
            return
        found = self.docker.answer(self.command, parts.path, query, body)
        status = found if isinstance(found, int) else 200
        content = b'{"message": "no such thing"}' if status >= 400 else b""
        if isinstance(found, bytes):
            content = found
        elif not isinstance(found, int):
            content = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content:
            self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := self._size():
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _size(self) -> int:
        line = self.rfile.readline()
        if not line:
            raise ConnectionAbortedError
        return int(line, 16)

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


class DockerHost(FakeHost):
    """A host whose engine answers at `address`; its files are below `/`, as the engine sees them."""

    def __init__(self, address: Path, *, disk: Disk | None = None) -> None:
        super().__init__(Path("/"), disk=disk, docker=Docker())
        self.address = address

    def processes(self, *names: str) -> list[Process]:
        words = ("dockerd", "-H", f"unix://{self.address}")
        return [Process(one.pid, words) for one in super().processes(*names)]

    def listener(self, address: str) -> int | None:
        return None if address == addresses.SOCKET else super().listener(address)


class Notebook:
    """What a step has remembered, over several attempts."""

    def __init__(self, machine: FakeHost, folder: Path) -> None:
        self.machine, self.folder = machine, folder
        self.notes: Notes = {}

    def setting(self) -> Setting:
        return Setting(self.machine, "000001", str(self.folder), self.notes, self._remember)

    def _remember(self, notes: Notes) -> None:
        self.notes = json.loads(json.dumps(notes))

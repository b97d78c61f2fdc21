from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_docker import FakeDocker, container, image, tar_of
from wharfinger.hosts.on_host.storage.docker import tar_stream
from wharfinger.hosts.on_host.storage.docker.api import Api, EngineFailed


@contextmanager
def answering(address: Path, content: bytes) -> Iterator[Api]:
    """An engine that says this to whoever comes first, and hangs up."""

    def answer() -> None:
        channel, _ = listening.accept()
        with channel:
            channel.recv(65536)
            channel.sendall(content)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        yield Api(str(address))
        thread.join()


def read_all(api: Api) -> None:
    with api.stream("/images/get", "copy") as body:
        for _, content in tar_stream.members(body, "copy"):
            assert content is not None
            while content.read(1000):
                pass


def test_what_the_engine_refuses_is_told_in_its_words(docker: FakeDocker, tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="cannot look: no such thing") as caught:
        Api(str(tmp_path / "socket")).get("/containers/none/json", "look")

    assert caught.value.status == 404


def test_an_engine_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="broke off") as caught:
        Api(str(tmp_path / "nobody")).get("/info", "ask")

    assert caught.value.status is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{no}",
    ],
)
def test_half_an_answer_is_none(tmp_path: Path, content: bytes) -> None:
    with answering(tmp_path / "engine", content) as api, pytest.raises(EngineFailed):
        api.get("/info", "ask")


def test_a_stream_that_breaks_off_is_no_end(tmp_path: Path) -> None:
    half = tar_of({"file": b"x" * 100_000})[:50_000]
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(half), half)

    with (
        answering(tmp_path / "engine", said) as api,
        pytest.raises(EngineFailed, match="broke off"),
    ):
        read_all(api)


def test_a_file_that_looks_like_an_error_is_none(docker: FakeDocker, tmp_path: Path) -> None:
    held = container("web", image(b"", tags=("app:v1",)))
    held.files = {"log": b'{"errorDetail":{},"error":"of a program"}'}
    docker.containers.append(held)

    with Api(str(tmp_path / "socket")).stream("/containers/web/export", "read") as body:
        names = [member.name for member, _ in tar_stream.members(body, "read")]

    assert names == ["log"]

"""The pages of the runtimes show what is compiled: each example is compiled here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import made_certificates
from wharfinger.hosts import runtimes
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.runtimes import containerd, containers, docker
from wharfinger.hosts.site import file

PAGES = Path(__file__).parents[3] / "docs" / "reference" / "runtimes"
COMPILERS = {"docker": docker, "containers": containers, "containerd": containerd}
PROGRAMS = {
    "docker": ("docker", "20.10.24"),
    "containers": ("podman", "4.3.1"),
    "containerd": ("containerd", "1.6.20"),
}

_BLOCK = re.compile(
    r"(?:^`(?P<path>/[^`]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FINGERPRINT = re.compile(r"wharfinger-[0-9a-f]{16}")


@dataclass
class Example:
    """`paths` are all the files, where the page lists them."""

    runtime: str
    site: str
    files: dict[str, str]
    paths: list[str] | None = None


def examples(runtime: str) -> Iterator[Example]:
    found: list[Example] = []
    for block in _BLOCK.finditer((PAGES / f"{runtime}.md").read_text()):
        if block["kind"] == "yaml":
            found.append(Example(runtime, block["text"], {}))
        elif block["kind"] == "text":
            found[-1].paths = block["text"].splitlines()
        else:
            found[-1].files[block["path"]] = block["text"]
    yield from found


EXAMPLES = [example for runtime in COMPILERS for example in examples(runtime)]


def compiled(example: Example) -> dict[str, str]:
    authority = made_certificates.authority()
    client = made_certificates.client(authority)
    given = {"ca.crt": authority.pem, "host.cert": client.pem, "host.key": client.key_pem}
    site = file.parse(example.site.encode(), files=lambda path: file.GivenFile(given[path]))
    program, version = PROGRAMS[example.runtime]
    there = {program: RuntimeFacts(version, pid=7)}
    facts = Facts("node", "debian", "Debian 12", runtimes=there)
    files = COMPILERS[example.runtime].compile(site, facts).files
    return {
        _FINGERPRINT.sub("wharfinger-…", one.path): _FINGERPRINT.sub(
            "wharfinger-…", (one.content or b"").decode(errors="replace")
        )
        for one in files
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.runtime}:{one.site[:40]!r}")
def test_an_example_is_what_is_compiled(example: Example) -> None:
    files = compiled(example)

    assert example.files or example.paths
    for path, text in example.files.items():
        assert files[path] == text
    if example.paths is not None:
        assert sorted(files) == example.paths


def test_every_runtime_has_its_page() -> None:
    for compiler in runtimes.COMPILERS:
        if compiler.NAME in COMPILERS:
            assert len([one for one in EXAMPLES if one.runtime == compiler.NAME]) >= 3

"""
What runs on a host as one file: an archive that Python runs, with nothing else to install.

It holds the modules that `hosts/on_host` is allowed to import (import-linter keeps that list) and no
other. The same source gives the same bytes, so a host that has them already is left alone.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_INTERPRETER: Final = b"#!/usr/bin/env python3\n"
_MAIN: Final = b"""\
import sys

if sys.version_info < (3, 9):
    sys.exit("cannot run: this needs Python 3.9 or newer")

from wharfinger.hosts.on_host.command import main

sys.exit(main(sys.argv[1:]))
"""
_MODULES: Final = (
    "__init__.py",
    "errors.py",
    "oci/__init__.py",
    "oci/reference.py",
    "oci/registry_host.py",
    "policy/__init__.py",
    "policy/access.py",
    "policy/patterns.py",
    "hosts/__init__.py",
    "hosts/on_host",
)
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""Zip knows no time before; every member has it, so that only the source counts."""


def content() -> bytes:
    """The bytes of the bundle, the same for the same source."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN)
        for name, module in sorted(_members()):
            _add(archive, f"wharfinger/{name}", module)
    return _INTERPRETER + buffer.getvalue()


def _members() -> Iterator[tuple[str, bytes]]:
    package = files("wharfinger")
    for module in _MODULES:
        yield from _modules(package.joinpath(module), module)


def _modules(found: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if found.is_file():
        if name.endswith(".py"):
            yield name, found.read_bytes()
        return
    for inner in found.iterdir():
        yield from _modules(inner, f"{name}/{inner.name}")


def _add(archive: zipfile.ZipFile, name: str, module: bytes) -> None:
    member = zipfile.ZipInfo(name, _EARLIEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    member.create_system = 3  # Unix
    archive.writestr(member, module)

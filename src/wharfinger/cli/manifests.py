"""Files, folders or stdin with manifests, as a dump that image policy is asked about."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from wharfinger.cli import manifest_text, site_file
from wharfinger.cli.site_file import FileTooLarge
from wharfinger.cli.terminal import note, sanitized
from wharfinger.errors import BadInput, NotFound
from wharfinger.hosts.site.file import NoFile
from wharfinger.images.offline.dump import DEFAULT_NAMESPACE, Dump

STDIN: Final = Path("-")
MAX_BYTES: Final = 512 << 20
"""Of one file: a dump of a large cluster."""
MAX_FILES: Final = 100_000
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_SHOWN: Final = 20
_PROCESSES: Final = min(os.cpu_count() or 1, 8)
_TEMPLATED: Final = "{{"


class NoManifests(NotFound):
    code = "no-manifests"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot find manifests in {str(path)!r}",
            remedy="name a file, a folder with .yaml or .json files, or - for stdin",
        )


class UnreadManifests(BadInput):
    """Documents that could not be read, and so were not judged; each has been reported."""

    code = "unread-manifests"

    def __init__(self, number: int, *, templates: bool) -> None:
        what = "one document" if number == 1 else f"{number} documents"
        super().__init__(
            f"cannot judge {what}: see the faults above",
            remedy="render templates first, as in `helm template . | wharf policy test -`"
            if templates
            else None,
        )


def read(paths: Iterable[Path], namespace: str | None) -> tuple[Dump, UnreadManifests | None]:
    """All that the paths have. What cannot be read is told, and comes back as an error to end with."""
    found, faults, templates = Dump(namespace or DEFAULT_NAMESPACE), 0, False
    for path in paths:
        for name, content in _contents(path):
            for document in manifest_text.documents(content, processes=_PROCESSES):
                place = f"{name}:{document.line}"
                if not document.fault:
                    found.add(document.value, place)
                    continue
                faults += 1
                templates = templates or _TEMPLATED.encode() in content
                if faults <= _SHOWN:
                    note(f"{sanitized(place)}: {sanitized(document.fault)}")
    return found, UnreadManifests(faults, templates=templates) if faults else None


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path == STDIN:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise FileTooLarge("stdin", MAX_BYTES)
        yield "stdin", content
        return
    if not path.is_dir():
        yield str(path), _content(path)
        return
    files = list(_files(path))
    if not files:
        raise NoManifests(path)
    for file in files:
        yield str(file), _content(file)


def _content(path: Path) -> bytes:
    try:
        return site_file.read(path, str(path), limit=MAX_BYTES).content
    except NoFile:
        raise NoManifests(path) from None


def _files(folder: Path) -> Iterator[Path]:
    """Those below a folder, in order; links to other folders and hidden ones are passed over."""
    number = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() not in _SUFFIXES or name.startswith("."):
                continue
            number += 1
            if number > MAX_FILES:
                raise BadInput(f"cannot read more than {MAX_FILES} files: {str(folder)!r} has more")
            yield Path(place) / name

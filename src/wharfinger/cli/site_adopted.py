"""What `wharf site adopt` reads, and the folder that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wharfinger.cli import host, site_file, yaml
from wharfinger.errors import AlreadyExists, WharfingerError
from wharfinger.hosts.adopt import ansible, openshift
from wharfinger.hosts.adopt import host as adopt_host
from wharfinger.hosts.adopt.adopted import Adopted
from wharfinger.hosts.adopt.said import Said
from wharfinger.hosts.on_host import reading
from wharfinger.hosts.site import document
from wharfinger.system import files

_VARIABLES: Final = ("group_vars", "host_vars")
_HEAD: Final = (
    "# What was found, as a site file. Read it before you apply it: `wharf site check`.\n"
)


class CannotWriteSite(WharfingerError):
    code = "cannot-write-site"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {str(path)!r}: {error.strerror}")


class SiteExists(AlreadyExists):
    """We write only what is not there: a site file is its administrator's."""

    code = "site-exists"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write {str(path)!r}: it is there already",
            remedy="name another file with -o, and compare",
        )


# Reading


def of_host(root: Path) -> Iterator[Said]:
    yield from adopt_host.said(reading.read_facts(host.machine(root)))


def of_facts(path: Path) -> Iterator[Said]:
    yield from adopt_host.said(host.facts_of(path))


def of_inventory(path: Path) -> Iterator[Said]:
    """An inventory, or a folder of them, with `group_vars` and `host_vars` beside it."""
    folder = path if path.is_dir() else path.parent
    paths = (
        [inner for inner in sorted(path.iterdir()) if inner.is_file()] if path.is_dir() else [path]
    )
    for name in _VARIABLES:
        paths += [inner for inner in sorted((folder / name).glob("**/*")) if inner.is_file()]
    yield from ansible.said({str(inner): _content(inner) for inner in paths})


def of_master_config(path: Path) -> Iterator[Said]:
    yield from openshift.master_config(_content(path), str(path))


def of_image_config(path: Path, trusted: Path | None) -> Iterator[Said]:
    authorities = None if trusted is None else _content(trusted)
    yield from openshift.image_config(_content(path), str(path), authorities)


def _content(path: Path) -> bytes:
    return site_file.read(path, str(path), limit=document.MAX_BYTES).content


# Writing


def text(adopted: Adopted) -> str:
    return _HEAD + yaml.text_of(adopted.document)


def write(adopted: Adopted, path: Path) -> None:
    """The site file, and beside it what it names; nothing, if any of it is there already."""
    contents = {path.parent / name: content for name, content in adopted.files.items()}
    contents[path] = text(adopted).encode()
    for one in contents:
        if one.exists() or one.is_symlink():
            raise SiteExists(one)
    for one, content in contents.items():
        try:
            one.parent.mkdir(parents=True, exist_ok=True)
            files.write(one, content, mode=0o644)
        except OSError as error:
            raise CannotWriteSite(one, error) from None

"""
Sizes as docker-storage-setup takes them.

    DATA_SIZE and its like    `N%FREE`, `N%VG`, or a whole number with or without a unit (MiB without)
    MIN_DATA_SIZE             the same without shares
    POOL_META_SIZE            LVM's own form, so with decimals
    CHUNK_SIZE                LVM's own form, KiB without a unit
    ROOT_SIZE                 LVM's own form or a share, with `+` for so much more

A share of what is free is LVM's here, of what is free in the moment: scripts count on it. The site
file's `40%FREE` means another thing (`site.sizes`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.setup.errors import InvalidSetting
from wharfinger.hosts.site.sizes import InvalidSize, Size

_SHARE: Final = re.compile(r"[0-9]{1,3}%(?:FREE|VG)", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]+(?:b|[skmgtpe](?:i?b)?)?", re.IGNORECASE | re.ASCII)
_ZERO: Final = re.compile(r"0+[a-z]*", re.IGNORECASE | re.ASCII)
_LVM: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?[bskmgtpe]?", re.IGNORECASE | re.ASCII)
_ROOT_SHARE: Final = re.compile(r"(?P<percent>[0-9]{1,3})%(?P<of>FREE|VG|PVS)", re.ASCII)
_CHUNK_UNIT: Final = 64 << 10
_CHUNK_LARGEST: Final = 1 << 30
METADATA_SMALLEST: Final = 2 << 20
METADATA_LARGEST: Final = 16192 << 20
"""What LVM gives at most."""


@dataclass(frozen=True, slots=True)
class RootSize:
    """`size` of the volume of the root filesystem, or with `more` so much more than it has."""

    size: Size
    more: bool


def data_size(key: str, text: str) -> Size:
    """Raise `InvalidSetting`."""
    if _SHARE.fullmatch(text):
        return _parsed(key, text)
    return Size(amount=amount(key, text))


def amount(key: str, text: str) -> int:
    """A whole number with or without a unit, in bytes; also none."""
    if _WHOLE.fullmatch(text) is None:
        raise _invalid(key, text, "a whole number with a unit (2G), or a share (40%FREE, 60%VG)")
    return 0 if _ZERO.fullmatch(text) else _amount(key, text)


def chunk_size(key: str, text: str) -> int:
    """What LVM would refuse once the disks were written on is refused here."""
    if _LVM.fullmatch(text) is None:
        raise _invalid(key, text, "a size (512K)")
    found = _amount(key, f"{text}k" if text[-1].isdecimal() else text)
    if found % _CHUNK_UNIT or not _CHUNK_UNIT <= found <= _CHUNK_LARGEST:
        raise _invalid(key, text, "a multiple of 64K, up to 1G")
    return found


def metadata_size(key: str, text: str) -> int:
    if _LVM.fullmatch(text) is None:
        raise _invalid(key, text, "a size (16M)")
    found = _amount(key, text)
    if not METADATA_SMALLEST <= found <= METADATA_LARGEST:
        raise _invalid(key, text, "a size from 2M to 15.8G")
    return found


def root_size(key: str, text: str) -> RootSize:
    more = text.startswith("+")
    bare = text.removeprefix("+")
    if (share := _ROOT_SHARE.fullmatch(bare)) is not None:
        of = "FREE" if share["of"] == "FREE" else "VG"
        return RootSize(_parsed(key, f"{share['percent']}%{of}"), more)
    if _LVM.fullmatch(bare) is None:
        raise _invalid(key, text, "a size or a share, with + for so much more (20G, +50%FREE)")
    return RootSize(Size(amount=_amount(key, bare)), more)


def _amount(key: str, text: str) -> int:
    return _parsed(key, text).amount or 0


def _parsed(key: str, text: str) -> Size:
    try:
        return Size.parse(text)
    except InvalidSize:
        raise _invalid(key, text, "a size that there can be") from None


def _invalid(key: str, text: str, instead: str) -> InvalidSetting:
    return InvalidSetting(
        f"cannot take {text[:60]!r} as {key}", remedy=f"{key} has to be {instead}"
    )

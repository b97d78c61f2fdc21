"""
The texts of the room `storage:`, each with its grammar.

    group    := 1*( letter | digit | "." "_" "+" "-" ), not beginning with "-", neither "." nor ".."
    volume   := group, without what LVM keeps for its hidden volumes
    device   := "/dev/" path, where a part may have "*", "?" and "[…]"
    folder   := an absolute path without empty parts, "." and ".."

See lvm(8), VALID NAMES. The schema's patterns may be looser than the parser and are never stricter.
"""

from __future__ import annotations

import re
from typing import Final

from wharfinger.errors import BadInput
from wharfinger.hosts.site.shapes import Text
from wharfinger.hosts.site.sizes import Size, spelled

LONGEST: Final = 127
"""Of a name of device-mapper."""
_HIDDEN_SUFFIX: Final = len("-tpool")
_NAME: Final = r"[A-Za-z0-9._+][A-Za-z0-9._+-]{0,126}"
_DEVICE: Final = r"/dev(?:/[A-Za-z0-9._+:@%=,#~\\*?\[\]!^{}-]+)+"
_FOLDER: Final = r"(?:/[^/\x00-\x1f\x7f]+)+"
_SIZE: Final = (
    r"[0-9]{1,3}%(?:VG|FREE)|[0-9]{1,19}(?:\.[0-9]{1,6})?[bskmgtpeBSKMGTPE]?(?:[iI]?[bB])?"
)

_RESERVED_STARTS: Final = ("snapshot", "pvmove")
_RESERVED_PARTS: Final = (
    *("_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_imeta", "_iorig", "_mimage", "_mlog"),
    *("_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig"),
)
_OF_DEV: Final = frozenset({"block", "bus", "char", "disk", "dm", "fd", "input", "mapper", "shm"})
_OF_SYSTEM: Final = re.compile(
    "/(?:bin|boot|dev|etc|home|lib|lib64|proc|root|run|sbin|sys|tmp|usr|var)"
)

_CHUNK_STEP: Final = 64 << 10
_CHUNK_MOST: Final = 1 << 30
_METADATA_LEAST: Final = 2 << 20
_METADATA_MOST: Final = 16 << 30


class InvalidName(BadInput):
    """A name that LVM does not take, or keeps for itself."""

    code = "invalid-volume-name"


class InvalidDevice(BadInput):
    code = "invalid-device"


class InvalidFolder(BadInput):
    code = "invalid-folder"


class InvalidAmount(BadInput):
    """A size that is one, and not one for this."""

    code = "invalid-amount"


def mapper_name(group: str, volume: str) -> str:
    """What device-mapper calls a volume: a hyphen within the parts is doubled."""
    return f"{group.replace('-', '--')}-{volume.replace('-', '--')}"


def fits_mapper(group: str, volume: str) -> bool:
    """Is the name of the longest hidden device of it one still?"""
    return len(mapper_name(group, volume)) + _HIDDEN_SUFFIX <= LONGEST


def _group(text: str) -> str:
    _require_name(text)
    if text in _OF_DEV:
        raise InvalidName(f"cannot name a group {text!r}: /dev/{text} is something else")
    return text


def _volume(text: str) -> str:
    _require_name(text)
    kept = next((one for one in _RESERVED_STARTS if text.startswith(one)), None)
    if kept is None:
        kept = next((one for one in _RESERVED_PARTS if one in text), None)
    if kept is not None:
        raise InvalidName(
            f"cannot name a volume {text!r}: LVM keeps names with {kept!r} for itself"
        )
    return text


def _require_name(text: str) -> None:
    if re.fullmatch(_NAME, text) is None or text in (".", ".."):
        raise InvalidName(
            f"cannot take {text[:60]!r} as a name for LVM",
            remedy="letters, digits and . _ + - are allowed, and no - at the beginning",
        )


def _device(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise InvalidDevice(
            f"cannot take {text!r} as a device: it is no path", remedy=f"write /dev/{text}"
        )
    if re.fullmatch(_DEVICE, text) is None or {".", ".."} & set(text.split("/")):
        raise InvalidDevice(
            f"cannot take {text[:80]!r} as a device",
            remedy="write /dev/sdb, /dev/disk/by-id/NAME, or a glob of either",
        )
    return text


def _folder(text: str) -> str:
    if re.fullmatch(_FOLDER, text) is None or {".", ".."} & set(text.split("/")):
        raise InvalidFolder(
            f"cannot take {text[:80]!r} as a directory",
            remedy="write an absolute path without . and .., such as /var/lib/docker",
        )
    return text


def _mount_path(text: str) -> str:
    if text == "/" or _OF_SYSTEM.fullmatch(_folder(text)):
        raise InvalidFolder(
            f"cannot mount a volume at {text!r}: it would hide what the host needs there",
            remedy="name the directory of the engine's data, such as /var/lib/docker",
        )
    return text


def _chunk(text: str) -> Size:
    size = _amount(text)
    if size.amount is None or size.amount % _CHUNK_STEP or size.amount > _CHUNK_MOST:
        raise InvalidAmount(
            f"cannot take {text!r} as a chunk size",
            remedy="it is a multiple of 64K, and at most 1G: 512K suits containers",
        )
    return size


def _metadata(text: str) -> Size:
    size = _amount(text)
    if size.amount is None or not _METADATA_LEAST <= size.amount <= _METADATA_MOST:
        raise InvalidAmount(
            f"cannot take {text!r} as the metadata of a pool",
            remedy=f"it is from {spelled(_METADATA_LEAST)} to {spelled(_METADATA_MOST)}",
        )
    return size


def _amount(text: str) -> Size:
    size = Size.parse(text)
    if size.amount is None:
        raise InvalidAmount(f"cannot take {text!r} here: a share is for data only")
    return size


GROUP: Final = Text(_group, {"pattern": f"^(?:{_NAME})$"})
VOLUME: Final = Text(_volume, {"pattern": f"^(?:{_NAME})$"})
DEVICE: Final = Text(_device, {"pattern": f"^(?:{_DEVICE})$"})
FOLDER: Final = Text(_folder, {"pattern": "^/"})
MOUNT_PATH: Final = Text(_mount_path, {"pattern": "^/."})
SIZE: Final = Text(Size.parse, {"pattern": f"^(?:{_SIZE})$"})
CHUNK: Final = Text(_chunk, {"pattern": f"^(?:{_SIZE})$"})
METADATA: Final = Text(_metadata, {"pattern": f"^(?:{_SIZE})$"})

"""
Tickets by which `wharf docker-load` tells the plugin that it has read the archive it loads.

A ticket is an empty file with a random name in a directory that only root can enter. Its name goes
along in a header, and the plugin takes the file away, so it is good for one load.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/run/wharfinger/loads")
_NAME: Final = re.compile(r"[0-9a-f]{32}")


def make(folder: Path = FOLDER) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    name = secrets.token_hex(16)
    (folder / name).touch(mode=0o600, exist_ok=False)
    return name


def use(folder: Path, name: str | None) -> bool:
    """Is this a ticket? It is none any more afterwards."""
    if name is None or _NAME.fullmatch(name) is None:
        return False
    try:
        (folder / name).unlink()
    except OSError:
        return False
    return True

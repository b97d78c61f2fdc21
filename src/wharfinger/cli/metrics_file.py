"""A file of metrics for node_exporter's textfile collector, written whole each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from wharfinger.system import files

_READABLE: Final = 0o644


class MetricsFile:
    """Without a path nothing is written; what cannot be written is warned of once, and stops nothing."""

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        self._path, self._warn = path, warn
        self._warned = False

    def write(self, text: str) -> None:
        if self._path is None:
            return
        try:
            files.write(self._path, text.encode(), mode=_READABLE)
        except OSError as error:
            if not self._warned:
                self._warn(f"no metrics are written to {self._path}: {error.strerror}")
            self._warned = True

"""
The kernel of the guest and the packages laid over this machine's root, as `prepare.py` left them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from e2e import machine

GUEST = machine.ROOT / ".cache" / "vm"


@dataclass(frozen=True)
class Kernel:
    """`image` is what boots, `layer` a tree with its modules and the packages of the guest."""

    image: Path
    layer: Path

    @classmethod
    def prepared(cls) -> Kernel:
        if not (GUEST / "contents").exists():
            raise machine.missing(".cache/vm, which `tools/prepare.py machine` brings")
        return cls(GUEST / "vmlinux", GUEST / "layer")

    @cached_property
    def _modules(self) -> Path:
        (modules,) = (self.layer / "usr" / "lib" / "modules").iterdir()
        return modules

    @cached_property
    def _needs(self) -> dict[str, tuple[str, ...]]:
        """Each module's own file, and the files to load before it, nearest first."""
        lines = (self._modules / "modules.dep").read_text().splitlines()
        parted = (line.partition(":") for line in lines)
        return {Path(file).stem: (file, *needs.split()) for file, _, needs in parted}

    def files_of(self, names: Iterable[str]) -> Iterator[Path]:
        """The files of these modules and of all that they need, in the order to load them."""
        seen: set[str] = set()
        for name in names:
            for file in reversed(self._needs[name]):
                if file not in seen:
                    seen.add(file)
                    yield self._modules / file

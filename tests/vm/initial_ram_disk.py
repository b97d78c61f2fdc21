"""
The few files that the guest starts from, before it has a root: busybox, modules and a script.

The archive is in the `newc` form of cpio, which the kernel unpacks; it is so small that it is
made anew for each start, and nothing can be stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vm.kernel import Kernel

MODULES = ("virtio_pci", "virtio_console", "virtio_blk", "9pnet_virtio", "9p", "overlay")
FOLDERS = ("bin", "dev", "proc", "sys", "host", "layer", "upper", "root")


def archive(kernel: Kernel, script: str, busybox: Path) -> bytes:
    modules = tuple(kernel.files_of(MODULES))
    order = "".join(f"/{module.name}\n" for module in modules)
    members = [
        *(_member(folder, b"", mode=0o40755) for folder in FOLDERS),
        _member("bin/busybox", busybox.read_bytes(), mode=0o100755),
        _member("init", script.encode(), mode=0o100755),
        _member("modules", order.encode(), mode=0o100644),
        *(_member(module.name, module.read_bytes(), mode=0o100644) for module in modules),
        _member("TRAILER!!!", b"", mode=0),
    ]
    return b"".join(part for member in members for part in member)


def _member(name: str, content: bytes, *, mode: int) -> Iterator[bytes]:
    """A header of thirteen numbers of eight hexadecimal digits, the name, the content."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    yield header + bytes(-len(header) % 4)
    yield content + bytes(-len(content) % 4)

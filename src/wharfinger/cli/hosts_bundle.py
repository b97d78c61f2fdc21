"""`wharf hosts bundle`: what runs on a host, as one file."""

from __future__ import annotations

from pathlib import Path

from wharfinger.cli.terminal import say
from wharfinger.hosts import bundle as host_bundle
from wharfinger.system import files


def bundle(file: Path = Path("wharf-host.pyz"), /) -> None:
    """Write what runs on a host as one file.

    Parameters
    ----------
    file
        Where to write it.
    """
    files.write(file, host_bundle.content(), mode=0o755)
    say(str(file))

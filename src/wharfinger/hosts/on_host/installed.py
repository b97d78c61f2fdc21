"""
Where the program of a host stands once it is installed, for the services that outlive an apply.

An apply from a laptop and one from Ansible leave the same file there: what `wharf hosts bundle` writes.
The services name it and not the command that installed it, which may be in somebody's home.
"""

from __future__ import annotations

from typing import Final

PATH: Final = "/usr/local/lib/wharfinger/wharf-host.pyz"
COMMAND: Final = f"/usr/bin/env python3 {PATH}"
"""Before the word that says what it is to do."""

"""
Where the plugin and its gate answer. A module of its own: who only asks whether the plugin is there
does not need to load it.
"""

from __future__ import annotations

from typing import Final

SOCKET: Final = "/run/docker/plugins/wharfinger.sock"
"""Where dockerd looks for the plugin of this name."""
GATE: Final = "127.0.0.1:3190"

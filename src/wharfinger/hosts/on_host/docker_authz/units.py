"""
The systemd units of the plugin, and what the Docker daemon gets to fetch through the gate, as text.

One place for all who write or look for them. The sockets are there before the daemon starts and stay
while the service restarts: a request waits then, and nothing is let through.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host import installed
from wharfinger.hosts.on_host.docker_authz.addresses import GATE, SOCKET

PLUGIN: Final = "wharfinger"
"""The plugin's name for `authorization-plugins` of daemon.json."""
SOCKET_UNIT: Final = "wharf-docker-authz.socket"
SERVICE_UNIT: Final = "wharf-docker-authz.service"
SOCKET_PATH: Final = f"/etc/systemd/system/{SOCKET_UNIT}"
SERVICE_PATH: Final = f"/etc/systemd/system/{SERVICE_UNIT}"
GATE_PATH: Final = "/etc/systemd/system/docker.service.d/50-wharfinger-gate.conf"

SOCKET_TEXT: Final = f"""\
# Made by `wharf hosts apply`.
[Unit]
Description=Wharfinger's authorization plugin for Docker, sockets
Before=docker.service

[Socket]
ListenStream={SOCKET}
ListenStream={GATE}
SocketMode=0600
DirectoryMode=0755

[Install]
WantedBy=sockets.target
"""

GATE_TEXT: Final = f"""\
# Made by `wharf hosts apply`: what Docker fetches passes the gate of {SERVICE_UNIT}.
[Unit]
Wants={SOCKET_UNIT}
After={SOCKET_UNIT}

[Service]
Environment=HTTP_PROXY=http://{GATE}
Environment=HTTPS_PROXY=http://{GATE}
Environment=NO_PROXY=
"""


SERVICE_TEXT: Final = f"""\
# Made by `wharf hosts apply`.
[Unit]
Description=Wharfinger's authorization plugin for Docker
Requires={SOCKET_UNIT}
After={SOCKET_UNIT}

[Service]
ExecStart={installed.COMMAND} docker-authz
Restart=always
RestartSec=1
CapabilityBoundingSet=CAP_SYS_PTRACE
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=read-only
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RuntimeDirectory=wharfinger/loads
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=multi-user.target
"""

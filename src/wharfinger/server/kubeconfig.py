"""
The administrator's kubeconfig: where we are, whom to trust, and a token.

Written as YAML by a template, since every value is quoted as JSON, which YAML reads too. It is
made anew only when the address, the authority or the token has changed, so that a namespace
which `kubectl config set-context` put into it stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

USER = "administrator"
_NAME = "wharfinger"


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """`tls_name` is given where the certificate does not carry the name in `server`."""

    server: str
    authority: bytes | None  # PEM; None: no TLS
    token: str
    tls_name: str | None = None

    def __repr__(self) -> str:
        return f"Kubeconfig({self.server!r}, …)"

    def render(self) -> bytes:
        cluster = self._cluster()
        lines = [
            "apiVersion: v1",
            "kind: Config",
            "clusters:",
            f"- name: {_NAME}",
            "  cluster:",
            *(f"    {key}: {json.dumps(value)}" for key, value in cluster.items()),
            "users:",
            f"- name: {USER}",
            "  user:",
            f"    token: {json.dumps(self.token)}",
            "contexts:",
            f"- name: {_NAME}",
            "  context:",
            f"    cluster: {_NAME}",
            f"    user: {USER}",
            "    namespace: default",
            f"current-context: {_NAME}",
            "",
        ]
        return "\n".join(lines).encode()

    def says(self, text: bytes) -> bool:
        """Whether a file already leads to the same server, by the same trust and token."""
        found = _parse(text)
        return (
            _named(found, "clusters", "cluster", _NAME) == self._cluster()
            and _named(found, "users", "user", USER).get("token") == self.token
        )

    def _cluster(self) -> dict[str, str]:
        cluster = {"server": self.server}
        if self.authority is not None:
            cluster["certificate-authority-data"] = base64.b64encode(self.authority).decode()
        if self.tls_name is not None:
            cluster["tls-server-name"] = self.tls_name
        return cluster


def token_in(text: bytes) -> str | None:
    """The administrator's token in a file that we wrote."""
    token = _named(_parse(text), "users", "user", USER).get("token")
    return token if isinstance(token, str) and token else None


def _parse(text: bytes) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError):
        return None


def _named(found: Any, many: str, one: str, name: str) -> Mapping[str, Any]:
    """`found[many]` is a list of `{name, one}`; anything else counts as empty."""
    entries = found.get(many) if isinstance(found, Mapping) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("name") == name:
            value = entry.get(one)
            return value if isinstance(value, Mapping) else {}
    return {}

"""
containerd's `config.toml`, in the few things of it that matter here: where `hosts.toml` files are read.

The key `config_path` stands in a table of the CRI plugin, which each version of the file calls
otherwise. containerd does not start with it beside the older tables for the same.
https://github.com/containerd/containerd/blob/v1.6.20/docs/cri/registry.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.errors import Conflict
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host import daemons
from wharfinger.hosts.on_host.changes import Action, Disruption
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.wanted import Effect, WantedFile

PATH: Final = daemons.CONTAINERD_CONFIG
CERTS_D: Final = "/etc/containerd/certs.d"
VERIFIERS: Final = "/opt/containerd/image-verifier/bin"

_REGISTRY_TABLES: Final = {
    1: ("plugins", "cri", "registry"),
    2: ("plugins", "io.containerd.grpc.v1.cri", "registry"),
    3: ("plugins", "io.containerd.cri.v1.images", "registry"),
}
_CRI: Final = ("cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images")
_RESTART: Final = Effect(
    Action.RESTART_CONTAINERD,
    Disruption.RESTART,
    "containerd reads config_path at its start only; its containers go on",
)
_VERIFIER_TABLE: Final = ("plugins", "io.containerd.image-verifier.v1.bindir")
_VERSION_3: Final = 2
"""The containerd from which on a new file is of version 3."""


class LegacyRegistries(Conflict):
    """containerd does not start with `config_path` beside the older form of the same."""

    code = "containerd-legacy-registries"

    def __init__(self, path: str, table: str, line: int | None) -> None:
        place = path if line is None else f"{path}:{line}"
        super().__init__(
            f"cannot set config_path in {path}: containerd refuses it beside {table}, given in {place}",
            remedy=f"say in the site file what stands there (`wharf site adopt`), take {table} out,"
            " and plan again",
        )
        self.table, self.line = table, line


@dataclass(frozen=True, slots=True)
class Config:
    """The file of a host's containerd, and that containerd."""

    text: TomlText
    containerd: RuntimeFacts

    @classmethod
    def of(cls, facts: Facts, containerd: RuntimeFacts) -> Config:
        path = daemons.option(containerd.arguments, "--config", "-c") or PATH
        return cls(TomlText.parse(facts.content(path), path), containerd)

    @property
    def major(self) -> int:
        """The first number of containerd's version, 0 where it is not known."""
        found = re.match(r"v?(\d+)", self.containerd.version)
        return int(found[1]) if found else 0

    @property
    def roots(self) -> tuple[str, ...]:
        """Where it looks for registries, or will once the file is as wanted."""
        given = self.text.get(*self._table, "config_path")
        paths = [path.rstrip("/") for path in given.split(":")] if isinstance(given, str) else []
        return tuple(path for path in paths if path) or (CERTS_D,)

    @property
    def verifiers(self) -> str:
        """Where containerd 2 looks for executables that it asks about an image."""
        return str(self.text.get(*_VERIFIER_TABLE, "bin_dir") or VERIFIERS)

    @property
    def _version(self) -> int:
        """Of the file; one without a version is of the first."""
        if self.text.value:
            given = self.text.get("version") or 1
            known = isinstance(given, int) and given in _REGISTRY_TABLES
            return given if known else max(_REGISTRY_TABLES)
        return 3 if self.major >= _VERSION_3 else 2

    @property
    def _table(self) -> tuple[str, ...]:
        return _REGISTRY_TABLES[self._version]

    def files(self) -> Iterator[WantedFile]:
        """The file with `config_path` in it; none where it is set, or where nobody pulls by CRI.

        Raise `LegacyRegistries`.
        """
        disabled = self.text.get("disabled_plugins")
        without_cri = isinstance(disabled, list) and any(one in _CRI for one in disabled)
        if without_cri or self.text.get(*self._table, "config_path"):
            return
        self._require_no_legacy()
        text = self.text if self.text.value else self.text.with_value(("version",), self._version)
        edited = text.with_value((*self._table, "config_path"), CERTS_D)
        effects = () if self.containerd.pid is None else (_RESTART,)
        yield WantedFile(text.source.name, edited.content, "registries, trust.registries", effects)

    def _require_no_legacy(self) -> None:
        text, table = self.text, self._table
        path = text.source.name
        if text.get(*table, "mirrors"):
            raise LegacyRegistries(path, "registry.mirrors", text.line_of(*table, "mirrors"))
        configs = text.get(*table, "configs")
        for name, one in configs.items() if isinstance(configs, dict) else ():
            if isinstance(one, dict) and one.get("tls"):
                line = text.line_of(*table, "configs", name, "tls")
                raise LegacyRegistries(path, "registry.configs.….tls", line)

"""The options by which a command takes the hosts of an inventory instead of this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import Flag, Many

GROUP: Final = Group("Fleet options", sort_key=20)
DEFAULT_BATCH: Final = "25%"


@Parameter(name="*", group=GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Hosts of an inventory instead of this one. All are as Ansible takes them."""

    inventory: Annotated[Many, Parameter(name=["--inventory", "-i"])] = ()
    """Inventory: a file, a directory, or names with a comma after each; may be repeated."""

    limit: Annotated[str | None, Parameter(name=["--limit", "-l"])] = None
    """Pattern that chooses among the hosts."""

    forks: Annotated[int | None, Parameter(name=["--forks", "-f"])] = None
    """How many hosts to talk to at once [default: as ansible.cfg says]."""

    become: Annotated[Flag, Parameter(name=["--become", "-b"])] = False
    """Become root on each host."""

    def meant(self, *, beside: Sequence[bool] = ()) -> bool:
        """Is a fleet meant, and not this host? `beside` are things that only one host can have."""
        if not self.inventory and self != THIS_HOST:
            raise UsageError(
                "cannot choose among hosts without an inventory", remedy="name one with -i"
            )
        if self.inventory and any(beside):
            raise UsageError("cannot take --root or --facts for the hosts of an inventory")
        return bool(self.inventory)

    def arguments(self) -> list[str]:
        words = [f"--inventory={one}" for one in self.inventory]
        words += [] if self.limit is None else [f"--limit={self.limit}"]
        words += [] if self.forks is None else [f"--forks={self.forks}"]
        return [*words, "--become"] if self.become else words


THIS_HOST: Final = Fleet()

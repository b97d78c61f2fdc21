"""What holds for all tests."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import runs

# A slow machine is no fault, so no example has a deadline. There are more than a hundred properties,
# which are tried with other examples in each run of a person.
settings.register_profile("untimed", deadline=None, derandomize=runs.IN_CI, max_examples=50)
settings.load_profile("untimed")

APART: Final = ("tests/vm/", "tests/e2e/test_crash.py")

LONG: Final = (
    "tests/vm/test_moves.py",
    "tests/e2e/test_crash.py",
    "tests/vm/test_grow.py",
    "tests/vm/test_storage_faults.py",
    "tests/vm/test_storage_setup.py",
)
"""What takes minutes is begun first, the longest before the others, so that in the end no worker is
alone with one of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        module = item.nodeid.partition("::")[0]
        if not module.startswith(APART):
            return -1
        return LONG.index(module) if module in LONG else len(LONG)

    items.sort(key=turn)


class ByMachine(LoadScopeScheduling):
    """What works on this machine itself is done by one worker, in turn; a module that has a guest,
    or a server of its own, may run beside it."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module.startswith(APART) else "this machine"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByMachine | None:
    return ByMachine(config, log) if config.getoption("dist") == "loadscope" else None

"""
Decide on one review: what it asks, by the policy in force, with what the world says until its time is
up.

A namespace that cannot be read switches no rule off. An answer always comes, and what did not come in
time counts as not resolved: the policy says what follows.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Final, Protocol

from wharfinger.errors import WharfingerError
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import Lookup, Outcome, Question
from wharfinger.server.policy_file import PolicyFile

DEFAULT_SECONDS: Final = 10.0
"""What an API server gives a webhook if nothing else is configured."""
MOST_SECONDS: Final = 30.0
_LEAST_MARGIN: Final = 0.25
_MARGIN: Final = 0.1
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(ms|s|m)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}

logger = logging.getLogger(__name__)


class World(Protocol):
    """What may be looked up, and with whose logins."""

    async def ignored_rules(self, namespace: str, until: float) -> frozenset[str]:
        """What the annotation of the namespace switches off.

        Raise a `WharfingerError`, or `TimeoutError` at that moment of the event loop's clock.
        """
        ...

    def lookup(self, puller: PullAccount, until: float) -> Lookup: ...


class Judge:
    """`registry` is the host of the integrated registry, "" if the cluster has none."""

    def __init__(
        self,
        policy: PolicyFile,
        world: World,
        *,
        registry: str = "",
        unread: Callable[[], None] = lambda: None,
    ) -> None:
        self._policy, self._world, self._registry = policy, world, registry
        self._unread = unread

    async def ignored_rules(self, namespace: str, until: float) -> frozenset[str]:
        if not namespace:
            return frozenset()
        try:
            return await self._world.ignored_rules(namespace, until)
        except (WharfingerError, TimeoutError) as error:
            self._unread()
            logger.warning("cannot read namespace %s: %s", namespace, error)
            return frozenset()

    async def decide(self, question: Question, puller: PullAccount, until: float) -> Outcome:
        lookup = self._world.lookup(puller, until)
        return await decision.decide(question, self._policy.policy, lookup, registry=self._registry)


def budget(timeout: str) -> float:
    """The seconds that we may take of what the caller waits, as the API server writes it: `10s`."""
    found = _DURATION.fullmatch(timeout)
    asked = float(found[1]) * _UNITS[found[2]] if found is not None else DEFAULT_SECONDS
    asked = min(asked, MOST_SECONDS)
    return max(asked - max(_LEAST_MARGIN, asked * _MARGIN), asked / 2)

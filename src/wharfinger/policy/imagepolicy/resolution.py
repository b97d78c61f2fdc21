"""
When names are resolved, whether a name that cannot be is refused, and what is rewritten.

    value             resolves  unresolved is refused  rewrites
    DoNotAttempt      no        no                     no
    Attempt           yes       no                     no
    AttemptRewrite    yes       no                     yes
    Required          yes       yes                    no
    RequiredRewrite   yes       yes                    yes

Any other value is as `DoNotAttempt`. `resolveImages` alone makes resolution mandatory; a rule on the
resource, and not `resolveImages`, decides there what is rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wharfinger.policy.imagepolicy.resources import Resource

DO_NOT_ATTEMPT: Final = "DoNotAttempt"
ATTEMPT: Final = "Attempt"
ATTEMPTS: Final = frozenset({ATTEMPT, "AttemptRewrite", "Required", "RequiredRewrite"})
REQUIRES: Final = frozenset({"Required", "RequiredRewrite"})
REWRITES: Final = frozenset({"AttemptRewrite", "RequiredRewrite"})
VALUES: Final = (DO_NOT_ATTEMPT, ATTEMPT, "AttemptRewrite", "Required", "RequiredRewrite")


@dataclass(frozen=True, slots=True)
class ResolutionRule:
    target: Resource
    policy: str = ""
    local_names: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What holds for one resource; `rules` are those that cover it."""

    default: str
    rules: tuple[ResolutionRule, ...]

    @property
    def attempted(self) -> bool:
        return self.default in ATTEMPTS or bool(self.rules)

    @property
    def required(self) -> bool:
        return self.default in REQUIRES

    @property
    def beyond_local(self) -> bool:
        """Whether more is looked up than names of image streams, which a rule of any value allows."""
        values = {rule.policy for rule in self.rules} or {self.default}
        return self.required or not values.isdisjoint(ATTEMPTS)

    def rewrites(self, *, local: bool) -> bool:
        """Whether what was resolved takes the place of the name; `local`: it was that of a stream."""
        if not self.rules:
            return self.default in REWRITES
        return any((rule.local_names and local) or rule.policy in REWRITES for rule in self.rules)

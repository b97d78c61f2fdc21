"""
Signature rules: which images must be signed, by whom, and where that is asked for.

Ours, beyond ImagePolicy of OpenShift. They only take away: an image that a rule covers runs if one of the
rule's keys has signed it, and no namespace can switch that off. Signatures themselves are read and
verified by whoever implements `Lookup.signature`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import SignatureKey
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.patterns import RegistryPattern


@dataclass(frozen=True, slots=True)
class SignatureRule:
    name: str
    images: tuple[RegistryPattern, ...]
    keys: tuple[SignatureKey, ...]
    on_resources: tuple[Resource, ...]

    def covers(self, names: Iterable[ImageReference]) -> bool:
        """Whether a pattern covers one of the names that an image goes by."""
        full = [name.with_client_defaults() for name in names]
        return any(pattern.covers(name) for pattern in self.images for name in full)

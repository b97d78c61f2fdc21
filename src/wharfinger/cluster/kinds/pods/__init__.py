"""Pods, and the template of pods that everything that makes pods has."""

from __future__ import annotations

from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.pods.template import POD_TEMPLATE_SPEC

__all__ = ("POD", "POD_TEMPLATE_SPEC")

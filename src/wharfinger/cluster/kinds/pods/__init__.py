"""
Pods, and the template of pods that everything that makes pods has.

Whoever has a template completes it with `default_pod_spec` and judges it with `validate_pod_spec`.
"""

from __future__ import annotations

from wharfinger.cluster.kinds.pods.defaults import default_pod_spec
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.pods.rules.spec import validate_pod_spec
from wharfinger.cluster.kinds.pods.template import POD_TEMPLATE_SPEC

__all__ = ("POD", "POD_TEMPLATE_SPEC", "default_pod_spec", "validate_pod_spec")

"""The kinds that are served: one module per API group, gathered here."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds import absent, openshift, workloads
from wharfinger.cluster.kinds.authentication import (
    SELF_SUBJECT_REVIEW,
    TOKEN_REQUEST,
    TOKEN_REVIEW,
)
from wharfinger.cluster.kinds.authorization import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
)
from wharfinger.cluster.kinds.core import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.event import EVENT
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.kinds.pods.binding import BINDING
from wharfinger.cluster.kinds.pods.eviction import EVICTION
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.project import PROJECT, PROJECT_REQUEST
from wharfinger.cluster.kinds.rbac import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from wharfinger.cluster.kinds.secret import SECRET

ALL: Final[tuple[Kind, ...]] = (
    CONFIG_MAP,
    EVENT,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    *workloads.STORED,
    *openshift.STORED,
)
"""The kinds that are stored as they are."""

VIRTUAL: Final[tuple[Kind, ...]] = (
    SELF_SUBJECT_REVIEW,
    TOKEN_REQUEST,
    TOKEN_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    PROJECT,
    PROJECT_REQUEST,
    BINDING,
    EVICTION,
    *absent.KINDS,
    *workloads.COMPUTED,
    *openshift.COMPUTED,
)
"""The kinds that are computed when asked for."""

SERVED: Final = ALL + VIRTUAL

"""The kinds of OpenShift that are served, but for projects: one module for each API group."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.openshift.builds import BUILD, BUILD_CONFIG
from wharfinger.cluster.kinds.openshift.deployments import DEPLOYMENT_CONFIG
from wharfinger.cluster.kinds.openshift.image_streams import (
    IMAGE_STREAM,
    IMAGE_STREAM_IMAGE,
    IMAGE_STREAM_IMPORT,
    IMAGE_STREAM_LAYERS,
    IMAGE_STREAM_MAPPING,
    IMAGE_STREAM_TAG,
    IMAGE_TAG,
    SECRET_LIST,
)
from wharfinger.cluster.kinds.openshift.images import IMAGE, IMAGE_SIGNATURE
from wharfinger.cluster.kinds.openshift.oauth import OAUTH_ACCESS_TOKEN, USER_OAUTH_ACCESS_TOKEN
from wharfinger.cluster.kinds.openshift.questions import (
    LOCAL_RESOURCE_ACCESS_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    RESOURCE_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    SUBJECT_RULES_REVIEW,
)
from wharfinger.cluster.kinds.openshift.rights import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from wharfinger.cluster.kinds.openshift.users import GROUP, IDENTITY, USER

STORED: Final[tuple[Kind, ...]] = (
    DEPLOYMENT_CONFIG,
    BUILD,
    BUILD_CONFIG,
    IMAGE,
    IMAGE_STREAM,
    GROUP,
    IDENTITY,
    USER,
)
"""Stored as they are; the user called `~` has an endpoint that answers who asks."""

COMPUTED: Final[tuple[Kind, ...]] = (
    IMAGE_SIGNATURE,
    IMAGE_STREAM_IMAGE,
    IMAGE_STREAM_LAYERS,
    IMAGE_STREAM_IMPORT,
    IMAGE_STREAM_MAPPING,
    IMAGE_STREAM_TAG,
    IMAGE_TAG,
    SECRET_LIST,
    OAUTH_ACCESS_TOKEN,
    USER_OAUTH_ACCESS_TOKEN,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    LOCAL_RESOURCE_ACCESS_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    RESOURCE_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    SUBJECT_RULES_REVIEW,
)
"""Views and questions, each with an endpoint of its own."""

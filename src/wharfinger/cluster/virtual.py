"""
The endpoints that answer from other objects instead of from objects of their own.

Reviews are questions, a project is a view of its namespace, a role of OpenShift one of a role of
Kubernetes, and a project request and a token request make something and are not kept. Each family
has its module; here they are put together.
"""

from __future__ import annotations

from wharfinger.cluster import absent, older_versions, scales
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.kinds.authorization import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SUBJECT_ACCESS_REVIEW,
)
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.openshift import questions, rights
from wharfinger.cluster.openshift.access_tokens import AccessTokens, OwnAccessTokens
from wharfinger.cluster.openshift.users import Users
from wharfinger.cluster.project_requests import ProjectRequests
from wharfinger.cluster.projects import Projects
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.reviews import (
    AccessReviews,
    RulesReviews,
    SelfAccessReviews,
    SelfReviews,
    TokenReviews,
)
from wharfinger.cluster.token_requests import TokenRequests
from wharfinger.cluster.tokens import Tokens
from wharfinger.cluster.workloads.binding import Bindings
from wharfinger.cluster.workloads.eviction import Evictions


def resources(
    objects: Objects,
    *,
    authorizer: RbacAuthorizer,
    authenticator: Authenticator,
    tokens: Tokens,
) -> tuple[Endpoint, ...]:
    """Every endpoint of this kind, the `token` subresource of service accounts among them."""
    return (
        TokenReviews(authenticator, tokens),
        SelfReviews(),
        AccessReviews(SUBJECT_ACCESS_REVIEW, authorizer),
        AccessReviews(LOCAL_SUBJECT_ACCESS_REVIEW, authorizer),
        SelfAccessReviews(authorizer),
        RulesReviews(authorizer),
        TokenRequests(objects, tokens),
        Projects(objects, authorizer),
        ProjectRequests(objects, authorizer),
        Evictions(objects),
        Bindings(objects, below=True),
        Bindings(objects, below=False),
        Users(objects),
        AccessTokens(objects.cache, authenticator.sessions, authorizer),
        OwnAccessTokens(objects.cache, authenticator.sessions, authorizer),
        *absent.endpoints(objects.cache),
        *scales.endpoints(objects),
        *older_versions.views(objects),
        *rights.views(objects),
        *questions.endpoints(objects.cache, authorizer),
    )

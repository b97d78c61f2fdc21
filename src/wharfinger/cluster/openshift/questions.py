"""
Questions about rights in the words of OpenShift 3.

Whoever asks about nobody in particular asks about themselves, which everybody may. To ask about
others, in a namespace or everywhere, takes the right to create `localsubjectaccessreviews` or
`localresourceaccessreviews` there. The answers come from what decides requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wharfinger.cluster import rules
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.kind import GroupResource, Kind, Object
from wharfinger.cluster.kinds.openshift.questions import (
    LOCAL_RESOURCE_ACCESS_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    RESOURCE_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    SUBJECT_RULES_REVIEW,
)
from wharfinger.cluster.kinds.openshift.rights import GROUP
from wharfinger.cluster.openshift import rights
from wharfinger.cluster.options import Options
from wharfinger.cluster.rbac import (
    CLUSTER_ROLE_BINDINGS,
    ROLE_BINDINGS,
    RbacAuthorizer,
    RoleReference,
)
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import MASTERS, Subject


class SubjectReviews(Endpoint):
    """May somebody, or may I?"""

    def __init__(self, kind: Kind, authorizer: Authorizer) -> None:
        super().__init__(kind)
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        where = namespace or review.get("namespace") or ""
        about = _about(review)
        if about is None:
            about = subject
        else:
            _require(self._authorizer, subject, "localsubjectaccessreviews", where)
        decision = self._authorizer.decide(about, access_of(review, where))
        return {
            "apiVersion": self.kind.api_version,
            "kind": "SubjectAccessReviewResponse",
            "namespace": where,
            "allowed": decision.allowed,
            "reason": decision.reason,
        }


class ResourceReviews(Endpoint):
    """Who may?"""

    def __init__(self, kind: Kind, cache: Cache, authorizer: RbacAuthorizer) -> None:
        super().__init__(kind)
        self._cache = cache
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        where = namespace or review.get("namespace") or ""
        _require(self._authorizer, subject, "localresourceaccessreviews", where)
        users, groups = set(), {MASTERS}
        for binding in self._that_allow(access_of(review, where)):
            subjects = binding.get("subjects") or ()
            users.update(rights.users(subjects, where))
            groups.update(rights.groups(subjects))
        return {
            "apiVersion": self.kind.api_version,
            "kind": "ResourceAccessReviewResponse",
            "namespace": where,
            "users": sorted(users),
            "groups": sorted(groups),
            "evalutionError": "",  # as OpenShift spells it
        }

    def _that_allow(self, access: Access) -> Iterator[Object]:
        bindings = [*self._cache.list(CLUSTER_ROLE_BINDINGS)]
        if access.namespace:
            bindings += self._cache.list(ROLE_BINDINGS, access.namespace)
        for binding in bindings:
            held = self._authorizer.role_rules(RoleReference.of(binding)) or ()
            if any(rules.allows(rule, access) for rule in held):
                yield binding


class RulesReviews(Endpoint):
    """All that somebody, or the caller, may do in a namespace."""

    def __init__(self, kind: Kind, authorizer: RbacAuthorizer) -> None:
        super().__init__(kind)
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        about = _about(review.get("spec") or {}) or subject
        held = self._authorizer.rules_for(about, namespace)
        complete: Object = {"verbs": [], "resources": []}
        return review | {"status": {"rules": [complete | rule.encode() for rule in held]}}


def endpoints(cache: Cache, authorizer: RbacAuthorizer) -> tuple[Endpoint, ...]:
    return (
        SubjectReviews(SUBJECT_ACCESS_REVIEW, authorizer),
        SubjectReviews(LOCAL_SUBJECT_ACCESS_REVIEW, authorizer),
        ResourceReviews(RESOURCE_ACCESS_REVIEW, cache, authorizer),
        ResourceReviews(LOCAL_RESOURCE_ACCESS_REVIEW, cache, authorizer),
        RulesReviews(SELF_SUBJECT_RULES_REVIEW, authorizer),
        RulesReviews(SUBJECT_RULES_REVIEW, authorizer),
    )


def access_of(action: Mapping[str, Any], namespace: str) -> Access:
    """What is asked for; a subresource stands in `resource` after a slash."""
    verb = action.get("verb") or ""
    if action.get("isNonResourceURL"):
        return Access(verb, path=action.get("path") or "")
    resource, _, below = (action.get("resource") or "").partition("/")
    return Access(
        verb=verb,
        group=action.get("resourceAPIGroup") or "",
        resource=resource,
        subresource=below,
        namespace=namespace,
        name=action.get("resourceName") or "",
    )


def _about(asked: Mapping[str, Any]) -> Subject | None:
    """Whom the question names; None if nobody."""
    user, groups = asked.get("user") or "", tuple(asked.get("groups") or ())
    return Subject(user, groups=groups) if user or groups else None


def _require(authorizer: Authorizer, subject: Subject, resource: str, namespace: str) -> None:
    if not authorizer.decide(subject, Access("create", GROUP, resource, "", namespace)).allowed:
        where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        reason = f'User "{subject.name}" cannot create {resource} {where}'
        raise ObjectForbidden(GroupResource(GROUP, resource), "", reason)

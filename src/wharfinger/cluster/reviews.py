"""
Questions that are asked by creating an object: who is this, and may they?

Nothing is stored. The answers come from the same functions that decide requests, so a review
never says something else than what would happen.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from wharfinger.cluster import checks, metadata
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import BadRequest, ObjectInvalid
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.authentication import SELF_SUBJECT_REVIEW, TOKEN_REVIEW
from wharfinger.cluster.kinds.authorization import (
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
)
from wharfinger.cluster.options import Options
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.rules import Rule
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.tokens import Tokens


class TokenReviews(Endpoint):
    """Whom a token proves, for one of the audiences that are named (ours, if none is)."""

    def __init__(self, authenticator: Authenticator, tokens: Tokens) -> None:
        super().__init__(TOKEN_REVIEW)
        self._authenticator = authenticator
        self._tokens = tokens

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        spec = review["spec"]
        wanted = tuple(spec.get("audiences") or ()) or (self._tokens.api_audience,)
        try:
            identity = self._authenticator.identify(spec["token"], wanted)
        except NotProven as refusal:
            status = {"authenticated": False, "user": {}, "error": refusal.message}
        else:
            good_for = [audience for audience in wanted if audience in identity.audiences]
            status = {
                "authenticated": True,
                "user": user_info(identity.subject),
                "audiences": good_for,
            }
        return review | {"spec": {**spec, "audiences": list(wanted)}, "status": status}


class SelfReviews(Endpoint):
    """Who is asking."""

    def __init__(self) -> None:
        super().__init__(SELF_SUBJECT_REVIEW)

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        return review | {"status": {"userInfo": user_info(subject)}}


class AccessReviews(Endpoint):
    """May somebody? For SubjectAccessReview and its Local form."""

    def __init__(self, kind: Kind, authorizer: Authorizer) -> None:
        super().__init__(kind)
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        spec = review["spec"]
        about = Subject(
            name=spec.get("user") or "",
            uid=spec.get("uid") or "",
            groups=tuple(spec.get("groups") or ()),
        )
        return review | {"status": _may(self._authorizer, about, spec)}


class SelfAccessReviews(Endpoint):
    """May I?"""

    def __init__(self, authorizer: Authorizer) -> None:
        super().__init__(SELF_SUBJECT_ACCESS_REVIEW)
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        return review | {"status": _may(self._authorizer, subject, review["spec"])}


class RulesReviews(Endpoint):
    """All that I may do in a namespace."""

    def __init__(self, authorizer: RbacAuthorizer) -> None:
        super().__init__(SELF_SUBJECT_RULES_REVIEW)
        self._authorizer = authorizer

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        review = question(self.kind, namespace, name, obj, options)
        where = (review.get("spec") or {}).get("namespace")
        if not where:
            raise BadRequest("no namespace on request", self.kind.resource)
        held = self._authorizer.rules_for(subject, where)
        status = {
            "resourceRules": [_complete(rule) for rule in held if rule.resources],
            "nonResourceRules": [rule.encode() for rule in held if rule.paths],
            "incomplete": False,
        }
        return review | {"status": status}


def question(kind: Kind, namespace: str, name: str, obj: Object, options: Options) -> Object:
    """Check an object that is not to be stored as one that is; raise as `Objects.create` does."""
    asked = copy.deepcopy(obj)
    metadata.claim(kind, asked, namespace, name)
    checks.fields(kind, asked, options)
    kind.default(asked)
    causes = kind.validate(asked)
    if causes:
        raise ObjectInvalid(kind, "", causes)
    return asked


def user_info(subject: Subject) -> dict[str, Any]:
    info: dict[str, Any] = {"username": subject.name}
    if subject.uid:
        info["uid"] = subject.uid
    if subject.groups:
        info["groups"] = list(subject.groups)
    if subject.extra:
        info["extra"] = {key: list(values) for key, values in subject.extra.items()}
    return info


def access_of(spec: Mapping[str, Any]) -> Access:
    """What a review asks for."""
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Access(path.get("verb") or "", path=path.get("path") or "")
    wanted: Mapping[str, Any] = spec.get("resourceAttributes") or {}
    return Access(
        verb=wanted.get("verb") or "",
        group=wanted.get("group") or "",
        resource=wanted.get("resource") or "",
        subresource=wanted.get("subresource") or "",
        namespace=wanted.get("namespace") or "",
        name=wanted.get("name") or "",
    )


def _may(authorizer: Authorizer, about: Subject, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The status; without a reason for a plain "no", as clients print it after the word."""
    decision = authorizer.decide(about, access_of(spec))
    return {"allowed": True, "reason": decision.reason} if decision.allowed else {"allowed": False}


def _complete(rule: Rule) -> dict[str, Any]:
    return {"apiGroups": [], "resources": []} | rule.encode()

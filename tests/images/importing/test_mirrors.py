"""Imports through mirrors: who is asked, in which order, and with which login."""

import pytest

from wharfinger.images.importing.mirrors import MirroredSources
from wharfinger.oci.credentials import Credential
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_list
from wharfinger.policy.import_policy import ImportPolicy, MirrorRule
from wharfinger.remote.errors import NoAnswer, OutOfReach

DIGEST = f"sha256:{'1' * 64}"
NAME = ImageReference.parse("quay.test/team/app")
LOGIN = Credential("robot", "secret")
RULES = (MirrorRule("quay.test/team", ("one.test/kept", "two.test:5000/quay/team")),)


class Place:
    def __init__(self, name, answers):
        self.name, self._answers = name, answers

    async def digest(self, tag):
        answer = self._answers.get(self.name.registry)
        if answer is None:
            raise NoAnswer(self.name.registry, "it is not there")
        return answer


class Asked:
    """`Sources` that note how each place is asked."""

    def __init__(self, answers):
        self.answers, self.how = answers, []

    def source(self, name, *, logins=(), insecure=False, seconds):
        self.how.append((name.exact(), tuple(logins), insecure, seconds))
        return Place(name, self.answers)


async def test_mirrors_are_asked_first_and_see_no_login():
    asked = Asked({"two.test:5000": "of the mirror", "quay.test": "of the source"})
    sources = MirroredSources(asked, ImportPolicy(mirrors=RULES))

    source = sources.source(NAME, logins=(LOGIN,), seconds=30)

    assert await source.digest(Tag("1")) == "of the mirror"
    assert source.name == NAME
    assert asked.how == [
        ("one.test/kept/app", (), False, 10),
        ("two.test:5000/quay/team/app", (), False, 10),
        ("quay.test/team/app", (LOGIN,), False, 10),
    ]


async def test_a_mirror_is_insecure_only_by_a_line_of_the_list():
    allowed = import_list.read([{"domainName": "one.test", "insecure": True}])
    asked = Asked({"quay.test": "of the source"})
    sources = MirroredSources(asked, ImportPolicy(mirrors=RULES, allowed=allowed))

    source = sources.source(NAME, insecure=True, seconds=30)

    assert await source.digest(Tag("1")) == "of the source"
    assert [insecure for _, _, insecure, _ in asked.how] == [True, False, True]


def test_what_no_rule_names_is_asked_at_its_source_alone():
    asked = Asked({})
    sources = MirroredSources(asked, ImportPolicy(mirrors=RULES))

    sources.source(ImageReference.parse("quay.test/teams/app"), logins=(LOGIN,), seconds=30)

    assert asked.how == [("quay.test/teams/app", (LOGIN,), False, 30)]


def test_where_the_source_is_blocked_and_no_mirror_serves_tags_nobody_is_asked():
    rule = MirrorRule("quay.test", ("mirror.test",), digest_only=True, blocked=True)
    asked = Asked({})
    sources = MirroredSources(asked, ImportPolicy(mirrors=(rule,)))

    with pytest.raises(OutOfReach):
        sources.source(ImageReference.parse("quay.test/team/app:1"), logins=(LOGIN,), seconds=30)
    assert asked.how == []

    sources.source(ImageReference.parse(f"quay.test/team/app@{DIGEST}"), seconds=30)
    assert asked.how == [("mirror.test/team/app", (), False, 30)]

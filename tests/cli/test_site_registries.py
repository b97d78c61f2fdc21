"""Registries as a site asks them: its mirrors first, and what it calls insecure."""

import pytest

from wharfinger.cli import site_registries
from wharfinger.cli.site_registries import SiteRegistries
from wharfinger.hosts.site import file
from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import NoAnswer
from wharfinger.remote.mirrors import Mirrored

SITE = """\
registries:
  insecure: ['old.test:5000', 10.0.0.0/8]
  mirrors:
    docker.io: [mirror.test/hub, {location: 'near.test:5000', insecure: true}]
    docker.io/team: [team.test]
    wide.test: [old.test:5000/wide]
"""
ANN = Credential("ann", "a")


class Asked:
    """In place of `Registries`: what is made of each call, and no answers but from `answers`."""

    def __init__(self, answers: str = ""):
        self.calls, self.answers = [], answers

    def source(self, name, *, logins=(), insecure=False, seconds):
        self.calls.append((str(name.as_repository()), list(logins), insecure, seconds))
        self.name = name
        return Answering(name, name.registry == self.answers)


class Answering:
    def __init__(self, name, answers):
        self.name, self.answers = name, answers

    async def tags(self, *, limit=None):
        if not self.answers:
            raise NoAnswer(self.name.registry, "x")
        return [self.name.registry]


@pytest.fixture
def site():
    return file.parse(SITE.encode())


def image(text: str) -> ImageReference:
    return ImageReference.parse(text)


async def test_mirrors_are_asked_first_and_see_no_login(site):
    asked = Asked("near.test:5000")

    source = SiteRegistries(asked, site).source(image("busybox"), logins=[ANN], seconds=30.0)

    assert sorted(asked.calls) == [
        ("docker.io/library/busybox", [ANN], False, 30.0),
        ("mirror.test/hub/library/busybox", [], False, 10.0),
        ("near.test:5000/library/busybox", [], True, 10.0),
    ]
    assert await source.tags() == ["near.test:5000"]
    assert str(source.name.repository) == "library/busybox"


def test_without_mirrors_the_registry_itself_is_asked(site):
    asked = Asked()

    source = SiteRegistries(asked, site).source(image("old.test:5000/app"), seconds=30.0)

    assert not isinstance(source, Mirrored)
    assert asked.calls == [("old.test:5000/app", [], True, 30.0)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("docker.io/team/app", ["team.test/app"]),
        ("docker.io/teams/app", ["mirror.test/hub/teams/app", "near.test:5000/teams/app"]),
        ("wide.test/x/y", ["old.test:5000/wide/x/y"]),
        ("a.wide.test/x", []),
    ],
)
def test_the_pattern_that_says_most_decides(site, name, expected):
    found = site_registries.mirrors(site, image(name))

    assert [place.exact() for place, _ in found] == expected

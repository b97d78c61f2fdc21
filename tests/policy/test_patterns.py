from __future__ import annotations

import pytest

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.patterns import InvalidPattern, RegistryPattern


def image(text: str) -> ImageReference:
    return ImageReference.parse(text).with_client_defaults()


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("quay.io", "quay.io/team/app"),
        ("quay.io", "quay.io:443/team/app"),
        ("quay.io", "quay.io:80/team/app"),
        ("quay.io", "QUAY.IO/team/app"),
        ("quay.io:443", "quay.io/team/app"),
        ("quay.io:5000", "quay.io:5000/app"),
        ("quay.io/team", "quay.io/team/app"),
        ("quay.io/team", "quay.io/team:1"),
        ("quay.io/team/app", "quay.io/team/app@sha256:" + "a" * 64),
        ("docker.io", "busybox"),
        ("docker.io", "index.docker.io/library/busybox"),
        ("docker.io", "registry-1.docker.io/library/busybox"),
        ("index.docker.io", "busybox"),
        ("docker.io/library", "busybox"),
        ("*.example.test", "a.example.test/app"),
        ("*.example.test", "a.b.example.test:5000/app"),
        ("localhost:5000", "localhost:5000/app"),
        ("[::1]:5000", "[0:0::1]:5000/app"),
    ],
)
def test_a_pattern_covers_what_it_means(pattern, covered):
    assert RegistryPattern.parse(pattern).covers(image(covered))


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("quay.io", "quay.io.evil.test/team/app"),
        ("quay.io", "evil-quay.io/team/app"),
        ("quay.io", "quay.io:5000/app"),
        ("quay.io", "quay/app"),
        ("quay.io:443", "quay.io:80/app"),
        ("quay.io:80", "quay.io/app"),
        ("quay.io/team", "quay.io/teams/app"),
        ("quay.io/team", "quay.io/app"),
        ("quay.io/team/app", "quay.io/team/app2"),
        ("docker.io", "hub.docker.io/app"),
        ("docker.io/library", "docker.io/ann/app"),
        ("*.example.test", "example.test/app"),
        ("*.example.test", "badexample.test/app"),
        ("foobar/alpine".replace("/", ".test/"), "foo.bar.test/alpine"),
    ],
)
def test_a_pattern_does_not_cover_what_looks_like_it(pattern, other):
    assert not RegistryPattern.parse(pattern).covers(image(other))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (r"\*.docker.io", "a host name has letters"),
        ("*", "a host name has letters"),
        ("*.example.test:5000", "without port or path"),
        ("*.example.test/team", "without port or path"),
        ("*.10.0.0.1", "without port or path"),
        ("quay.*.io", "a host name has letters"),
        ("quay.io/", "not one of a repository name"),
        ("quay.io/../team", "not one of a repository name"),
        ("quay.io/Team", "not one of a repository name"),
        ("quay.io/team:1", "not one of a repository name"),
        ("https://quay.io", "a host name has letters|port"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_reason(text, reason):
    with pytest.raises(InvalidPattern, match=reason):
        RegistryPattern.parse(text)


@pytest.mark.parametrize(
    "text", ["quay.io", "quay.io:5000", "quay.io/team/app", "*.example.test", "[::1]:5000/a"]
)
def test_a_pattern_prints_as_it_is_read(text):
    assert str(RegistryPattern.parse(text)) == text


@pytest.mark.parametrize(
    ("pattern", "spellings"),
    [
        ("quay.io/team", {"quay.io/team", "quay.io:443/team", "quay.io:80/team"}),
        ("quay.io:443", {"quay.io", "quay.io:443"}),
        ("quay.io:5000", {"quay.io:5000"}),
        ("*.example.test", {"*.example.test"}),
    ],
)
def test_spellings_are_all_ways_to_write_what_is_covered(pattern, spellings):
    assert set(RegistryPattern.parse(pattern).spellings()) == spellings


def test_spellings_of_the_hub_have_all_its_names():
    spellings = RegistryPattern.parse("docker.io/library").spellings()

    assert {"docker.io/library", "index.docker.io:443/library"} <= set(spellings)
    for spelling in spellings:
        assert RegistryPattern.parse("docker.io/library").covers(image(f"{spelling}/app"))

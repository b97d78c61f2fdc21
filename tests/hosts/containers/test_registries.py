from __future__ import annotations

import pytest

from wharfinger.hosts.containers import registries
from wharfinger.hosts.containers.registries import Endpoint, Registries, Registry, match_length
from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.on_host.facts import Facts, FoundFile

MAIN = "/etc/containers/registries.conf"
DROP_INS = "/etc/containers/registries.conf.d/"


def facts(**files: str) -> Facts:
    """`main` is the main file, all others are drop-ins."""
    found = {
        MAIN if name == "main" else f"{DROP_INS}{name}.conf": FoundFile(
            "file", content=text.encode()
        )
        for name, text in files.items()
    }
    return Facts("host", "debian", "Debian 12", files=found)


def table(**keys: object) -> str:
    lines = [
        f"{key} = {str(value).lower() if value is True else repr(value)}"
        for key, value in keys.items()
    ]
    return "\n".join(["[[registry]]", *lines, ""])


@pytest.mark.parametrize(
    ("name", "prefix", "length"),
    [
        ("quay.io/team/app", "quay.io", 7),
        ("quay.io/team/app", "quay.io/team", 12),
        ("quay.io/teams/app", "quay.io/team", None),
        ("quay.io.evil.test/app", "quay.io", None),
        ("quay.io:5000/app", "quay.io", 7),  # sic: a prefix without a port matches all ports
        ("quay.io/app", "quay.io:443", None),
        ("QUAY.IO/app", "quay.io", None),
        ("a.site.test/app", "*.site.test", 11),
        ("a.site.test:5000/app", "*.site.test", 11),
        ("site.test/app", "*.site.test", None),
        ("evilsite.test/app", "*.site.test", None),
        ("other.test/a.site.test/app", "*.site.test", None),
        ("a.site.test.site.test/app", "*.site.test", None),  # sic: only the first place counts
    ],
)
def test_a_prefix_matches_as_in_the_library(name: str, prefix: str, length: int | None) -> None:
    assert match_length(name, prefix) == length


def test_the_longest_prefix_counts_and_of_two_the_wildcard() -> None:
    found = Registries(
        {
            prefix: Registry(prefix, "")
            for prefix in ("quay.io", "quay.io/team", "*.e.test", "a.e.test")
        }
    )

    assert found.find("quay.io/team/app") == Registry("quay.io/team", "")
    assert found.find("a.e.test/app") == Registry("*.e.test", "")
    assert found.find("other.test/app") is None


def test_a_later_drop_in_takes_the_place_of_a_table_and_of_the_search_list() -> None:
    found = registries.read(
        facts(
            main="unqualified-search-registries = ['a.test']\n"
            + table(location="a.test", blocked=True),
            late="unqualified-search-registries = []\n" + table(prefix="a.test", location="b.test"),
        )
    )

    assert found.search == ()
    assert found.registries == {"a.test": Registry("a.test", "b.test")}


def test_version_1_and_drop_ins_of_version_2_go_together() -> None:
    found = registries.read(
        facts(
            main="[registries.block]\nregistries = ['a.test']\n"
            "[registries.insecure]\nregistries = ['a.test', 'b.test']\n",
            late=table(location="b.test"),
        )
    )

    assert found.registries == {
        "a.test": Registry("a.test", "a.test", blocked=True, insecure=True),
        "b.test": Registry("b.test", "b.test"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "registries: ['a.test']\n",
        "short-name-mode = 'perhaps'\n",
        table(prefix="a.test"),
        table(prefix="*.a.test/team"),
        table(location="https://a.test"),
        table(location="a.test", blocked=True) + table(prefix="b.test", location="a.test"),
        table(location="a.test") + "[[registry.mirror]]\nlocation = 'm'\npull-from-mirror = 'x'\n",
    ],
)
def test_what_the_tools_refuse_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        registries.read(facts(main=text))

    assert caught.value.name == MAIN


def test_a_drop_in_of_version_1_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        registries.read(facts(old="[registries.search]\nregistries = ['a.test']\n"))


def test_mirrors_are_asked_before_the_registry_and_by_their_use() -> None:
    tags, digests = Endpoint("t.test", use="tag-only"), Endpoint("d.test", use="digest-only")
    found = Registry("a.test", "b.test/x", mirrors=(tags, digests))

    assert found.endpoints(digest=False) == (tags, Endpoint("b.test/x"))
    assert found.endpoints(digest=True) == (digests, Endpoint("b.test/x"))
    assert found.rewritten("a.test/app", Endpoint("b.test/x")) == "b.test/x/app"


def test_a_longer_prefix_inherits_what_a_shorter_one_says() -> None:
    found = Registry("a.test", "b.test", insecure=True, mirrors=(Endpoint("m.test/a"),))

    assert found.narrowed("a.test/team") == Registry(
        "a.test/team", "b.test/team", insecure=True, mirrors=(Endpoint("m.test/a/team"),)
    )

"""Searching: the old way, the catalog in pages, and registries that answer oddly."""

import threading

import pytest

from remote_script import found
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import search, together
from wharfinger.remote.errors import NoAnswer, NotUnderstood
from wharfinger.remote.registry import Peer
from wharfinger.remote.search import Matches


def names(matches: Matches) -> list[str]:
    return [one.image.repository for one in matches.found]


def ask(script, deadline, *, limit: int = 25) -> Matches:
    return search.search(script.peer(), "tide", limit=limit, deadline=deadline)


def test_the_old_search_is_taken_where_there_is_one(serve, deadline):
    script = serve()
    results = [
        {"name": "team/tide", "description": "x" * 900, "star_count": 7, "is_official": True},
        {"name": f"{script.host}/rhel7", "description": None, "star_count": "many"},
        {"name": "../etc"},
        {"name": "tide:latest"},
        {"name": 7},
        "what",
    ]
    script.answers["/v1/search"] = found({"results": results})

    matches = ask(script, deadline)

    assert names(matches) == ["team/tide", "rhel7"]
    assert (len(matches.found[0].description), matches.found[0].stars) == (500, 7)
    assert (matches.found[1].description, matches.found[1].stars) == ("", 0)
    assert script.seen == [("/v1/search?q=tide&n=25", None)]


def test_the_catalog_is_read_page_by_page(serve, deadline):
    script = serve()
    script.answers["/v2/_catalog"] = found(
        {"repositories": ["a/tide", "b", "Tide", 7]},
        Link='</v2/_catalog?last=b&n=1000>; rel="next"',
    )
    script.answers["/v2/_catalog?last=b&n=1000"] = found({"repositories": ["c/tidal", "high-tide"]})

    assert names(ask(script, deadline)) == ["a/tide", "high-tide"]


def test_more_than_is_asked_for_is_said(serve, deadline):
    script = serve()
    script.answers["/v2/_catalog"] = found({"repositories": ["a/tide", "b/tide", "c/tide"]})

    assert ask(script, deadline, limit=2) == Matches(ask(script, deadline).found[:2], cut=True)


def test_pages_without_end_are_bounded(serve, deadline, monkeypatch):
    monkeypatch.setattr(search, "PAGES", 3)
    script = serve()
    script.answers["/v2/_catalog"] = found({"repositories": []}, Link="</v2/_catalog>; rel=next")

    assert ask(script, deadline) == Matches((), cut=True)
    assert len(script.seen) == 1 + 3


def test_a_page_elsewhere_is_not_asked_for(serve, deadline):
    script, other = serve(), serve()
    script.answers["/v2/_catalog"] = found(
        {"repositories": []}, Link=f'<{other.url}/v2/_catalog>; rel="next"'
    )

    with pytest.raises(NotUnderstood, match="next page is on another host"):
        ask(script, deadline)
    assert other.seen == []


@pytest.mark.parametrize("document", [[], 7, {"repositories": 7}, {}])
def test_a_catalog_that_is_none_is_told(serve, deadline, document):
    script = serve()
    script.answers["/v2/_catalog"] = found(document)

    with pytest.raises(NotUnderstood, match="no list of repositories"):
        ask(script, deadline)


def test_an_empty_catalog_may_be_null(serve, deadline):
    script = serve()
    script.answers["/v2/_catalog"] = found({"repositories": None})

    assert ask(script, deadline) == Matches()


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, b"<html>"),
        (200, {}, b'{"results": 7}'),
        (302, {"Location": "https://elsewhere.test/"}, b""),
        (500, {}, b""),
        (401, {"WWW-Authenticate": "Basic realm=x"}, b""),
    ],
)
def test_a_web_page_in_place_of_the_old_search_is_passed_over(serve, deadline, reply):
    script = serve()
    script.answers["/v1/search"] = reply
    script.answers["/v2/_catalog"] = found({"repositories": ["tide"]})

    assert names(ask(script, deadline)) == ["tide"]


def test_all_are_asked_at_once_and_answer_in_their_order(serve):
    good, bad = serve(), serve()
    good.answers["/v2/_catalog"] = found({"repositories": ["tide"]})

    def question(peer, deadline):
        return search.search(peer, "tide", limit=5, deadline=deadline)

    peers = [bad.peer(), good.peer(), Peer(RegistryHost("gone.invalid")), good.peer()]
    first, second, third, fourth = together.ask(peers, question, seconds=20)

    assert isinstance(first, NotUnderstood)
    assert names(second) == names(fourth) == ["tide"]
    assert isinstance(third, NoAnswer)


def test_nobody_waits_for_one_that_never_ends():
    released = threading.Event()
    peers = [Peer(RegistryHost(f"{name}.test")) for name in "ab"]

    def question(peer, deadline):
        if peer is peers[0]:
            released.wait()
        return Matches()

    try:
        first, second = together.ask(peers, question, seconds=0.01)
    finally:
        released.set()

    assert isinstance(first, NoAnswer)
    assert second == Matches()

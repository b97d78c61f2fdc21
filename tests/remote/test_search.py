"""Searching: the old way, the catalog in pages, and registries that answer oddly."""

import pytest

from hostile_registry import Hostile, Reply, said
from wharfinger.oci.credentials import Credential
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import search
from wharfinger.remote.errors import (
    LoginNeeded,
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    RemoteError,
)
from wharfinger.remote.retry import NEVER
from wharfinger.remote.search import Matches, Peer


def names(matches: Matches) -> list[str]:
    return [one.image.repository for one in matches.found]


@pytest.fixture
def ask(registries):
    async def start(script: Hostile, *, limit: int = 25) -> Matches:
        opened = await registries(retry=NEVER)
        peer = Peer(script.registry, insecure=True)
        return await search.search(opened, peer, "tide", limit=limit)

    return start


async def test_the_old_search_is_taken_where_there_is_one(hostile, ask):
    script = await hostile()
    results = [
        {"name": "team/tide", "description": "x" * 900, "star_count": 7, "is_official": True},
        {"name": f"{script.host}/rhel7", "description": None, "star_count": "many"},
        {"name": "../etc"},
        {"name": "tide:latest"},
        {"name": 7},
        "what",
    ]
    script.answers["/v1/search"] = said({"results": results})

    matches = await ask(script)

    assert names(matches) == ["team/tide", "rhel7"]
    assert (len(matches.found[0].description), matches.found[0].stars) == (500, 7)
    assert (matches.found[1].description, matches.found[1].stars) == ("", 0)
    assert script.targets == ["/v1/search?q=tide&n=25"]


async def test_the_catalog_is_read_page_by_page(hostile, ask):
    script = await hostile()
    script.answers["/v2/_catalog"] = said(
        {"repositories": ["a/tide", "b", "Tide", 7]},
        Link='</v2/_catalog?last=b&n=1000>; rel="next"',
    )
    script.answers["/v2/_catalog?last=b&n=1000"] = said({"repositories": ["c/tidal", "high-tide"]})

    assert names(await ask(script)) == ["a/tide", "high-tide"]


async def test_more_than_is_asked_for_is_said(hostile, ask):
    script = await hostile()
    script.answers["/v2/_catalog"] = said({"repositories": ["a/tide", "b/tide", "c/tide"]})

    found = await ask(script, limit=2)

    assert names(found) == ["a/tide", "b/tide"]
    assert found.cut


async def test_pages_without_end_are_bounded(hostile, ask, monkeypatch):
    monkeypatch.setattr(search, "PAGES", 3)
    script = await hostile()
    script.answers["/v2/_catalog"] = said({"repositories": []}, Link="</v2/_catalog>; rel=next")

    assert await ask(script) == Matches((), cut=True)
    assert len(script.seen) == 1 + 3


async def test_a_page_elsewhere_is_not_asked_for(hostile, ask):
    script, other = await hostile(), await hostile()
    script.answers["/v2/_catalog"] = said(
        {"repositories": []}, Link=f'<{other.url}/v2/_catalog>; rel="next"'
    )

    with pytest.raises(NotUnderstood, match="another host"):
        await ask(script)
    assert other.seen == []


@pytest.mark.parametrize("path", ["/v1/search", "/v2/_catalog"])
async def test_a_redirect_is_followed_on_the_same_origin_only(hostile, ask, path):
    script, other = await hostile(), await hostile()
    script.answers[path] = Reply(302, {"Location": f"{other.url}/"})

    with pytest.raises(NotUnderstood):
        await ask(script)
    assert other.seen == []
    script.answers[path] = Reply(302, {"Location": "/found"})
    script.answers["/found"] = said({"results": [], "repositories": []})
    assert await ask(script) == Matches()


@pytest.mark.parametrize("document", [[], 7, {"repositories": 7}, {}])
async def test_a_catalog_that_is_none_is_told(hostile, ask, document):
    script = await hostile()
    script.answers["/v2/_catalog"] = said(document)

    with pytest.raises(NotUnderstood, match="no list of repositories"):
        await ask(script)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
async def test_what_is_no_json_is_told(hostile, ask, body):
    script = await hostile()
    script.answers["/v2/_catalog"] = Reply(body=body)

    with pytest.raises(NotUnderstood, match="not JSON"):
        await ask(script)


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, NotAllowed), (401, LoginNeeded), (404, NotUnderstood), (500, NoAnswer)],
)
async def test_a_refusal_is_an_error_of_its_kind(hostile, ask, status, error):
    script = await hostile()
    script.answers["/v2/_catalog"] = Reply(status)

    with pytest.raises(error):
        await ask(script)


async def test_an_empty_catalog_may_be_null(hostile, ask):
    script = await hostile()
    script.answers["/v2/_catalog"] = said({"repositories": None})

    assert await ask(script) == Matches()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>"),
        Reply(body=b'{"results": 7}'),
        Reply(302, {"Location": "https://elsewhere.test/"}),
        Reply(500),
        Reply(403),
        Reply(401, {"WWW-Authenticate": "Basic realm=x"}),
    ],
)
async def test_a_web_page_in_place_of_the_old_search_is_passed_over(hostile, ask, reply):
    script = await hostile()
    script.answers["/v1/search"] = reply
    script.answers["/v2/_catalog"] = said({"repositories": ["tide"]})

    assert names(await ask(script)) == ["tide"]


async def test_all_are_asked_at_once_and_answer_in_their_order(hostile, registries):
    good, bad = await hostile(), await hostile()
    good.answers["/v2/_catalog"] = said({"repositories": ["tide"]})
    opened = await registries(retry=NEVER)
    gone = Peer(RegistryHost("gone.invalid"))
    peers = [Peer(bad.registry, insecure=True), Peer(good.registry, insecure=True), gone]

    first, second, third, fourth = await search.every(
        opened, [*peers, peers[1]], "tide", limit=5, seconds=20
    )

    assert isinstance(first, NotUnderstood)
    assert names(second) == names(fourth) == ["tide"]
    assert isinstance(third, NoAnswer)


async def test_nobody_waits_for_one_that_never_ends(hostile, registries):
    late = await hostile()
    late.answers["/v1/search"] = Reply(raw=b"", hangs=True)
    peer = Peer(late.registry, insecure=True)

    (found,) = await search.every(await registries(), [peer], "tide", limit=5, seconds=0.1)

    assert isinstance(found, NoAnswer)
    assert "--timeout" in str(found.remedy)


async def test_a_login_is_shown_for_the_catalog(hostile, registries):
    script = await hostile(tls=True)
    script.answers["/v2/_catalog"] = lambda asked: (
        said({"repositories": ["tide"]})
        if asked.login
        else Reply(401, {"WWW-Authenticate": "Basic realm=x"})
    )
    peer = Peer(script.registry, Credential("ann", "open sesame"))

    (found,) = await search.every(await registries(), [peer], "tide", limit=5, seconds=20)

    assert not isinstance(found, RemoteError)
    assert names(found) == ["tide"]
    assert "sesame" not in repr(peer)

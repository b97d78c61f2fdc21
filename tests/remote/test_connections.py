"""Which addresses are really connected to: names, redirects and services that lead inside."""

import socket
from ipaddress import ip_network

import pytest

from hostile_registry import Reply, challenged, said
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import NoAnswer, OutOfReach
from wharfinger.remote.reach import Reach

TARGET = "/v2/team/tide/tags/list"


@pytest.fixture
def names(monkeypatch):
    """Names that are resolved as the test says; there are no others."""
    found: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host, port, *more, **given):
        if host not in found:
            return real(host, port, *more, **given)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


async def tags(opened, host: str) -> list[str]:
    name = ImageReference.parse(f"{host}/team/tide")
    return await opened.source(name, insecure=True, seconds=20.0).tags()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "0.0.0.0", "169.254.169.254", "localhost"]
)
async def test_the_inside_is_not_reached(registries, host, waits):
    with pytest.raises(OutOfReach) as caught:
        await tags(await registries(reach=Reach.outside()), f"{host}:9")
    assert "127.0.0.1" not in caught.value.reason
    assert waits == []


@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0x7f000001", "017700000001", "0177.0.0.1"]
)
async def test_an_odd_spelling_of_the_inside_does_not_lead_there(hostile, registries, host):
    script = await hostile()

    with pytest.raises((OutOfReach, NoAnswer)):
        await tags(await registries(reach=Reach.outside()), f"{host}:{script.port}")
    assert script.seen == []


async def test_a_name_that_leads_inside_is_not_followed(hostile, registries, names):
    script = await hostile()
    names["tide.test"] = ["127.0.0.1"]

    with pytest.raises(OutOfReach):
        await tags(await registries(reach=Reach.outside()), f"tide.test:{script.port}")
    assert script.seen == []


async def test_of_several_addresses_only_those_in_reach_are_connected_to(
    hostile, registries, names
):
    outside = await hostile()
    inside = await hostile(address="127.0.0.2", port=outside.port)
    outside.answers[TARGET] = said({"tags": ["1"]})
    names["tide.test"] = ["127.0.0.2", "127.0.0.1"]
    reach = Reach.outside([ip_network("127.0.0.1/32")])

    assert await tags(await registries(reach=reach), f"tide.test:{outside.port}") == ["1"]
    assert inside.seen == []


async def test_a_name_that_means_something_else_the_next_time_is_judged_anew(
    hostile, registries, names
):
    """DNS rebinding: each connection is judged by where it goes."""
    outside = await hostile()
    inside = await hostile(address="127.0.0.2", port=outside.port)
    outside.answers[TARGET] = said({"tags": ["1"]}, Connection="close")
    opened = await registries(reach=Reach.outside([ip_network("127.0.0.1/32")]))
    host = f"tide.test:{outside.port}"

    names["tide.test"] = ["127.0.0.1"]
    assert await tags(opened, host) == ["1"]
    names["tide.test"] = ["127.0.0.2"]
    with pytest.raises(OutOfReach):
        await tags(opened, host)
    assert inside.seen == []


async def test_a_listed_name_is_reached_and_no_other_for_the_same_address(hostile, registries):
    script = await hostile()
    script.answers[TARGET] = said({"tags": ["1"]})
    opened = await registries(reach=Reach.outside(hosts=[f"localhost:{script.port}"]))

    assert await tags(opened, f"localhost:{script.port}") == ["1"]
    with pytest.raises(OutOfReach):
        await tags(opened, script.host)


async def test_a_redirect_does_not_lead_inside(hostile, registries):
    script, inside = await hostile(), await hostile(address="127.0.0.2")
    script.answers["/v2/team/tide/manifests/1"] = Reply(
        307, {"Location": f"http://127.0.0.2:{inside.port}/latest/meta-data"}
    )
    opened = await registries(reach=Reach.outside([ip_network("127.0.0.1/32")]))
    name = ImageReference.parse(f"{script.host}/team/tide")

    with pytest.raises(OutOfReach):
        await opened.source(name, insecure=True, seconds=20.0).manifest(Tag("1"))
    assert inside.seen == []


async def test_a_token_service_is_not_inside(hostile, registries):
    script, inside = await hostile(tls=True), await hostile(tls=True, address="127.0.0.2")
    script.answers[TARGET] = challenged(
        f'Bearer realm="https://127.0.0.2:{inside.port}/token"', said({}), accepts="x"
    )
    opened = await registries(reach=Reach.outside([ip_network("127.0.0.1/32")]))

    with pytest.raises(OutOfReach):
        await tags(opened, script.host)
    assert inside.seen == []

import pytest

from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import origin
from wharfinger.remote.origin import InvalidAddress, Origin

HERE = Origin.of(RegistryHost.parse("a.test:5000"))


@pytest.mark.parametrize(
    ("url", "expected", "target"),
    [
        ("https://a.test:5000/token?x=1", HERE, "/token?x=1"),
        ("https://A.test", Origin("https", "a.test", 443), "/"),
        ("http://[fd00::1]:80/x", Origin("http", "[fd00::1]", 80), "/x"),
    ],
)
def test_a_url_is_an_origin_and_the_rest(url, expected, target):
    assert origin.parse(url) == (expected, target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.test/",
        "//a.test/",
        "/token",
        "https://user@a.test/",
        "https://a.test@evil.test/",
        "https://a.test\\@evil.test/",
        "https://a.test/ x",
        "https://a.test/\r\nX: y",
        "https://a.test/#x",
        "https://a.test:0/",
        "https://a.test:99999/",
        "https://a..test/",
        "https://ä.test/",
        "https://a.test/" + "x" * 5000,
    ],
)
def test_what_we_would_not_follow_is_refused(url):
    with pytest.raises(InvalidAddress):
        origin.parse(url)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/v2/_catalog?last=b", "/v2/_catalog?last=b"),
        ("?last=b", "/v2/_catalog?last=b"),
        ("https://a.test:5000/next", "/next"),
    ],
)
def test_a_link_within_the_origin_is_a_target(link, target):
    assert origin.within(HERE, "/v2/_catalog?n=1", link) == target


@pytest.mark.parametrize(
    "link", ["//evil.test/x", "http://a.test:5000/x", "https://a.test/x", "\\\\evil"]
)
def test_a_link_that_leads_away_is_refused(link):
    with pytest.raises(InvalidAddress):
        origin.within(HERE, "/v2/_catalog", link)

import pytest

from wharfinger.remote import challenge
from wharfinger.remote.challenge import Challenge

BEARER = Challenge("bearer", {"realm": "https://a.test/token", "service": "a", "scope": "x:*"})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Bearer realm="https://a.test/token",service="a",scope="x:*"'], [BEARER]),
        (['bearer Realm="https://a.test/token" , service=a, scope="x:*"'], [BEARER]),
        (['Basic realm="say \\"hi\\""'], [Challenge("basic", {"realm": 'say "hi"'})]),
        (
            ['Basic realm="a, b=c", Bearer realm="https://a.test/token",service="a",scope="x:*"'],
            [Challenge("basic", {"realm": "a, b=c"}), BEARER],
        ),
        (
            ["Negotiate", "Basic realm=a"],
            [Challenge("negotiate", {}), Challenge("basic", {"realm": "a"})],
        ),
        (
            ["Negotiate, Basic realm=a"],
            [Challenge("negotiate", {}), Challenge("basic", {"realm": "a"})],
        ),
        ([""], []),
        (['"what"'], []),
        (['Bearer realm="open'], [Challenge("bearer", {})]),
    ],
)
def test_challenges_are_read(headers, expected):
    assert list(challenge.parse(headers)) == expected

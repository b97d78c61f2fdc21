import pytest

from wharfinger.policy import import_list
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.server import imports


@pytest.mark.parametrize(
    ("lines", "reached"),
    [
        (None, []),
        ([{"domainName": "hub.test"}], ["hub.test:443"]),
        ([{"domainName": "hub.test:5000"}], ["hub.test:5000"]),
        ([{"domainName": "10.0.0.7", "insecure": True}], ["10.0.0.7:80"]),
        ([{"domainName": "*.test"}, {"domainName": "hub.test:*"}, {"domainName": "h?b.test"}], []),
        ([{"domainName": "hub.test/path"}], []),
    ],
)
def test_registries_that_are_named_in_full_are_reached_wherever_they_are(lines, reached):
    allowed = None if lines is None else import_list.read(lines)

    assert imports.named_in_full(ImportPolicy(allowed=allowed)) == reached

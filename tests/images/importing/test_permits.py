import pytest

from wharfinger.images.importing import permits
from wharfinger.images.importing.request import ImportRequest, Wanted
from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_list

LIST = import_list.read(
    [
        {"domainName": "quay.io"},
        {"domainName": "hub.test:5000", "insecure": True},
        {"domainName": "old.test", "insecure": True},
        {"domainName": "tls.test:5000"},
    ]
)


def image(name, *, insecure=False):
    return Wanted("DockerImage", name, to="1", insecure=insecure)


@pytest.mark.parametrize(
    ("name", "insecure", "allowed"),
    [
        ("quay.io/a/b", False, True),
        ("quay.io/a/b", True, False),
        ("hub.test:5000/a/b", False, True),
        ("hub.test:5000/a/b", True, True),
        ("hub.test:5001/a/b", True, False),
        ("hub.test/a/b", True, False),
        ("old.test/a/b", True, True),
        ("old.test/a/b", False, False),
        ("old.test:80/a/b", True, True),
        ("tls.test:5000/a/b", True, False),
        ("tls.test:5000/a/b", False, True),
        ("busybox", False, False),
    ],
)
def test_the_list_says_what_may_be_imported_and_how(name, insecure, allowed):
    refused = permits.judge(image(name, insecure=insecure), LIST)

    assert (refused is None) == allowed


def test_without_a_list_all_may_be_imported_but_nothing_insecurely():
    assert permits.judge(image("anything.test/a/b"), None) is None
    refused = permits.judge(image("anything.test/a/b", insecure=True), None)

    assert refused is not None
    assert "insecure: true" in refused.message


def test_somebody_who_waits_is_told_of_every_entry():
    request = ImportRequest(
        "team",
        "app",
        images=(image("quay.io/a"), image("evil.test/a"), image("quay.io/a:1", insecure=True)),
        repository=image("old.test/a"),
    )

    told = list(permits.errors(request, LIST, exempt=False))

    assert [(one.reason, one.field) for one in told] == [
        ("FieldValueForbidden", "spec.repository.from.name"),
        ("FieldValueForbidden", "spec.images[1].from.name"),
        ("FieldValueForbidden", "spec.images[2].from.name"),
    ]
    assert 'importing images from registry "evil.test:443" is forbidden' in told[1].message


def test_who_is_exempt_may_import_from_everywhere_and_not_insecurely():
    request = ImportRequest(
        "team", "app", images=(image("x.test/a"), image("x.test/b", insecure=True))
    )

    told = list(permits.errors(request, LIST, exempt=True))

    assert [one.field for one in told] == ["spec.images[1].importPolicy.insecure"]


def test_a_name_that_cannot_be_read_is_judged_elsewhere():
    assert permits.judge(image("not a name", insecure=True), LIST) is None


def test_ipv6_and_the_hub_are_asked_by_the_names_that_they_have():
    lines = import_list.read([{"domainName": "docker.io:443", "insecure": True}])

    assert permits.may_be_insecure(ImageReference.parse("busybox"), lines)
    assert not permits.may_be_insecure(ImageReference.parse("[::1]:5000/a/b"), lines)
    assert not permits.may_be_insecure(ImageReference.parse("a/b"), None)

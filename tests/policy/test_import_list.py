"""What is asked of allowedRegistriesForImport besides the recorded cases: reading it, and reasons."""

import pytest

from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_list
from wharfinger.policy.import_list import InvalidImportList, Line, Transport


def read(*names, insecure=False):
    return import_list.read([{"domainName": name, "insecure": insecure} for name in names])


def refusal(allowed, name, transport=Transport.SECURE):
    return allowed.allowed(ImageReference.parse(name), transport)


def faults(entries):
    with pytest.raises(InvalidImportList) as caught:
        import_list.read(entries)
    return {fault.field: fault.message for fault in caught.value.faults}


def test_the_backslash_of_the_guides_is_told_from_a_glob():
    found = faults([{"domainName": "docker.io"}, {"domainName": "\\*.docker.io"}])

    (message,) = found.values()
    assert list(found) == ["allowedRegistriesForImport[1].domainName"]
    assert 'write "*.docker.io"' in message


def test_every_line_that_cannot_be_meant_is_told_at_once():
    found = faults(
        [
            {"domainName": "quay.io", "insecre": True},
            {"domainName": ":5000"},
            {"domainName": "hub.test:x"},
            {"domainName": "[::1]:5000"},
            {"domainName": 7},
            {"insecure": True},
            {"domainName": "hub.test", "insecure": "no"},
            {"domainName": "h" * 301},
            "quay.io",
        ]
    )

    prefix = "allowedRegistriesForImport"
    assert set(found) == {
        f"{prefix}[0].insecre",
        *(f"{prefix}[{index}].domainName" for index in (1, 2, 3, 4, 5, 7, 8)),
        f"{prefix}[6].insecure",
        f"{prefix}[8]",
    }


@pytest.mark.parametrize("entries", [7, "quay.io", {"domainName": "quay.io"}])
def test_a_list_is_a_list(entries):
    assert set(faults(entries)) == {"allowedRegistriesForImport"}


def test_a_list_without_end_is_refused():
    assert faults([{"domainName": "quay.io"}] * (import_list.MAX_LINES + 1))


def test_of_two_equal_lines_one_is_kept():
    assert read("a.test", "b.test", "a.test:443").lines == (
        Line("b.test", "443"),
        Line("a.test", "443"),
    )


def test_our_own_registry_needs_no_line_and_stands_in_front():
    allowed = read("quay.io").beside("registry.svc:5000")

    assert refusal(allowed, "registry.svc:5000/team/app") is None
    assert '"registry.svc:5000", "quay.io:443"' in refusal(allowed, "evil.test/app").text
    assert read("quay.io").beside("") == read("quay.io")


def test_a_repository_that_is_there_stays_allowed_under_any_tag():
    allowed = read("quay.io").with_repositories([ImageReference.parse("hub.test/team/app:1")])

    assert refusal(allowed, "hub.test/team/app@sha256:" + "ab" * 32) is None
    assert refusal(allowed, "hub.test/team/app2") is not None
    assert refusal(allowed, "docker.io/team/app") is not None


@pytest.mark.parametrize(
    ("lines", "name", "transport", "reason"),
    [
        (["hub.test"], "hub.test:5000/a", Transport.SECURE, "the line hub.test:443 of allowedRegistriesForImport allows port 443, not port 5000"),
        (["hub.test:5000"], "hub.test/a", Transport.ANY, "the line hub.test:5000 of allowedRegistriesForImport allows port 5000, not a usual port"),
        (["quay.io/team"], "quay.io/team/a", Transport.SECURE, "the line quay.io/team:443 of allowedRegistriesForImport has a path, and those never match"),
        (["Quay.io"], "quay.io/a", Transport.SECURE, "the line Quay.io:443 of allowedRegistriesForImport has other letters: case counts"),
        (["quay.io"], "evil.test/a", Transport.SECURE, "no line of allowedRegistriesForImport covers evil.test:443"),
        ([], "evil.test/a", Transport.SECURE, "allowedRegistriesForImport is there and lists no registry"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_line_that_nearly_fits(lines, name, transport, reason):
    assert refusal(read(*lines), name, transport).reason == reason


def test_a_refusal_says_which_port_was_meant():
    assert "add hub.test:443 to it" in refusal(read("quay.io"), "hub.test/a").remedy

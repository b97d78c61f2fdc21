import pytest

from wharfinger.hosts.site import contradictions, file


def found(text: str) -> list[str]:
    site = file.parse(f"registries: {{{text}}}".encode())
    return [str(one) for one in contradictions.find(site)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("search: [quay.io], block: [quay.io]", "quay.io is searched"),
        ("search: [quay.io], allow: [docker.io]", "quay.io is searched"),
        ("search: [quay.io], block: [all], allow: ['*.quay.io']", "quay.io is searched"),
        ("mirrors: {quay.io: [a.test]}, block: [quay.io]", "quay.io has mirrors"),
        ("mirrors: {quay.io: [a.test]}, block: [a.test]", "a.test is a mirror of quay.io"),
        ("insecure: [a.test], block: [a.test]", "a.test may be reached"),
        ("allow: [quay.io], block: [quay.io]", "on block too, which decides"),
        ("allow: []", "nothing is listed"),
        ("block: [all]", "nothing is listed"),
        ("search: [harbour]", "write harbour:443"),
        ("allow: [harbour/team]", "write harbour:443"),
    ],
)
def test_a_statement_that_another_undoes_is_told(text, told):
    assert len([line for line in found(text) if told in line]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "search: [quay.io, docker.io]",
        "search: [quay.io], block: [all], allow: [quay.io]",
        "search: [quay.io], block: [all], allow: [quay.io/team]",
        "search: [quay.io], block: [quay.io/evil]",
        "search: [a.b.test], allow: ['*.b.test']",
        "search: ['localhost:5000', localhost], insecure: ['localhost:5000']",
        "allow: [docker.io], insecure: [m.test], mirrors: {docker.io: [m.test]}, block: []",
        "block: [all], allow: [docker.io], mirrors: {docker.io: [m.test]}",
        "block: [docker.io]",
    ],
)
def test_a_site_that_means_what_it_says_has_none(text):
    assert found(text) == []


def test_an_insecure_registry_asks_no_authority(files):
    site = file.parse(
        b"registries: {insecure: [a.test]}\ntrust: {registries: {a.test: {ca: ca.crt}}}",
        files=files,
    )

    assert "any certificate" in str(contradictions.find(site)[0])


def test_a_trusted_registry_has_to_be_allowed_too(files):
    site = file.parse(
        b"registries: {allow: [quay.io]}\ntrust: {registries: {a.test: {ca: ca.crt}}}", files=files
    )

    assert "a.test is trusted, and every image there is blocked" in str(
        contradictions.find(site)[0]
    )

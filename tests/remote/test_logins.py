from pathlib import Path

import pytest

from wharfinger.oci.credentials import Credential, InvalidCredentials
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import logins

HOME = Path("/home/ann")
ANN, BOB = Credential("ann", "a"), Credential("bob", "b")


def test_files_are_looked_into_in_the_order_of_podman():
    environ = {"XDG_RUNTIME_DIR": "/run/user/7", "DOCKER_CONFIG": "/etc/ann"}

    assert logins.paths(environ, HOME, 7) == [
        Path("/run/user/7/containers/auth.json"),
        HOME / ".config/containers/auth.json",
        Path("/etc/ann/config.json"),
        HOME / ".dockercfg",
    ]
    assert logins.paths({}, HOME, 0)[0] == Path("/run/containers/0/auth.json")
    assert logins.paths({"REGISTRY_AUTH_FILE": "/x"}, HOME, 7) == [Path("/x")]


@pytest.mark.parametrize(
    ("registry", "expected"),
    [("a.test", ANN), ("a.test:5000", BOB), ("b.test", BOB), ("docker.io", BOB), ("c.test", None)],
)
def test_the_first_file_with_a_login_decides(registry, expected):
    first = {"a.test": ANN, "b.test": Credential("helper"), "c.test/team": ANN}
    second = {"a.test": BOB, "a.test:5000": BOB, "b.test": BOB, "https://index.docker.io/v1/": BOB}

    assert logins.login([first, second], RegistryHost.parse(registry)) == expected


def test_both_forms_of_the_file_are_read():
    entry = b'{"a.test": {"auth": "YW5uOmE="}}'

    assert logins.parse(entry, HOME / ".dockercfg") == {"a.test": ANN}
    assert logins.parse(b'{"auths": %s}' % entry, HOME / "auth.json") == {"a.test": ANN}
    with pytest.raises(InvalidCredentials):
        logins.parse(b"{", HOME / "auth.json")

"""The `wharf` command against a real server: each step that its help promises."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest
from ruamel.yaml import YAML

from e2e import images, machine
from e2e.machine import Done
from e2e.registry_api import RegistryApi
from e2e.wharf import WHARF, Wharf

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a shell with a home and a kubeconfig of their own."""

    home: Path
    kubeconfig: Path

    def __call__(self, *words: str | Path, given: str | None = None) -> Done:
        environ = {"HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)}
        return machine.run(WHARF, *words, given=given, environ=environ)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wharf]:
    """A server that knows alice by her password."""
    folder = tmp_path_factory.mktemp("cli")
    passwords = folder / "htpasswd"
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10))
    passwords.write_bytes(b"alice:" + hashed + b"\n")
    server = Wharf(folder / "state", flags=("--htpasswd", str(passwords)))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def admin(server: Wharf, tmp_path: Path) -> Person:
    kubeconfig = tmp_path / "admin.kubeconfig"
    kubeconfig.write_bytes(server.kubeconfig.read_bytes())
    return Person(tmp_path, kubeconfig)


@pytest.fixture
def alice(server: Wharf, tmp_path: Path) -> Person:
    """Alice at her own shell, not logged in yet."""
    return Person(tmp_path, tmp_path / "alice.kubeconfig")


def log_in(alice: Person, server: Wharf) -> Done:
    address = ("--ca-file", server.authority, "-u", "alice", "--password-stdin")
    return alice("login", server.url, *address, given=PASSWORD)


def test_a_user_logs_in_works_in_a_project_and_logs_out(
    server: Wharf, alice: Person, project: str
) -> None:
    log_in(alice, server).check()
    assert alice("whoami").check() == "alice\n"
    token = alice("whoami", "-t").check()

    alice("project", "create", project, "--display-name", "Harbour").check()
    assert alice("project", "list", "-o", "name").check().split() == [
        f"project.project.openshift.io/{project}"
    ]
    assert alice("project", "use").check() == f"{project}\n"

    alice("logout").check()
    assert alice("whoami").code == 5
    assert alice("login", server.url, "--token-stdin", given=token).code == 5


def test_a_wrong_password_and_an_unknown_authority_are_refused(
    server: Wharf, alice: Person
) -> None:
    words = ("login", server.url, "-u", "alice", "--password-stdin")

    untrusted = alice(*words, given=PASSWORD)
    assert (untrusted.code, "--ca-file" in untrusted.err) == (1, True)
    assert alice(*words, "--ca-file", server.authority, given="wrong").code == 5
    assert not alice.kubeconfig.exists()


def test_accounts_get_tokens_and_lose_them(admin: Person, project: str) -> None:
    admin("project", "create", project).check()
    admin("sa", "create", "pusher").check()
    assert "serviceaccount/builder" in admin("sa", "list", "-o", "name").check()

    short = admin("token", "create", "pusher", "--duration", "10m").check()
    long = admin("token", "create", "pusher", "--long-lived").check()
    assert admin("sa", "get-token", "pusher").check() == long

    pusher = Person(admin.home, admin.home / "pusher.kubeconfig")
    pusher.kubeconfig.write_bytes(admin.kubeconfig.read_bytes())
    server = admin("whoami", "--show-server").check().strip()
    for token in (short, long):
        pusher("login", server, "--token-stdin", given=token).check()
        assert pusher("whoami").check() == f"system:serviceaccount:{project}:pusher\n"

    admin("token", "revoke", "pusher").check()
    assert pusher("whoami").code == 5
    assert admin("sa", "get-token", "pusher").code == 1
    admin("sa", "delete", "pusher").check()
    assert pusher("login", server, "--token-stdin", given=short).code == 5


def test_rights_follow_grant_and_revoke_at_once(
    server: Wharf, admin: Person, alice: Person, project: str
) -> None:
    log_in(alice, server).check()
    admin("project", "create", project).check()
    assert alice("sa", "list", "-n", project).code == 5

    granted = admin("grant", "registry-editor", "--user", "alice")
    assert granted.check() == (
        'clusterrole.rbac.authorization.k8s.io/registry-editor added: "alice"\n'
    )
    assert granted.err == ""
    alice("sa", "create", "hers", "-n", project).check()
    assert alice("grant", "registry-viewer", "--user", "bob", "-n", project).code == 5

    admin("revoke", "registry-editor", "--user", "alice").check()
    assert alice("sa", "list", "-n", project).code == 5


def test_secrets_are_made_and_linked(admin: Person, project: str) -> None:
    admin("project", "create", project).check()
    login = ("--server", "hub.test", "--username", "bob", "--password-stdin")
    admin("secret", "docker-registry", "hub", *login, given="hunter2").check()

    admin("secret", "link", "default", "hub", "--for=pull,mount").check()
    [account] = [
        item
        for item in json.loads(admin("sa", "list", "-o", "json").check())["items"]
        if item["metadata"]["name"] == "default"
    ]
    assert {"name": "hub"} in account["imagePullSecrets"]
    assert {"name": "hub"} in account["secrets"]

    admin("secret", "unlink", "default", "hub").check()
    assert "hub" not in admin("sa", "list", "-o", "wide").check()


async def test_repositories_and_tags_are_listed_and_deleted(
    server: Wharf, admin: Person, project: str
) -> None:
    admin("project", "create", project).check()
    manifest, blobs = images.random_image(limit=1000)
    other, other_blobs = images.random_image(limit=1000)
    async with RegistryApi.connect(server.url, server.admin_token(), server.context()) as api:
        for tag in ("1.9", "1.10", "latest"):
            assert await api.put_image(f"{project}/app", tag, manifest, blobs) == 201
        assert await api.put_image(f"{project}/app", "old", other, other_blobs) == 201

        assert admin("repo", "list").check() == f"NAME\n{project}/app\n"
        assert admin("tag", "list", "app", "-o", "name").check().split() == [
            "tag/latest", "tag/1.10", "tag/1.9", "tag/old",
        ]  # fmt: skip
        admin("tag", "delete", "app:1.9").check()
        assert await api.tags(f"{project}/app") == ["1.10", "latest", "old"]
        admin("repo", "delete", "app").check()
        assert await api.manifest(f"{project}/app", images.digest_of(manifest)) is None
        assert admin("repo", "delete", "app").code == 1


@pytest.fixture(params=("1.35", "1.20"))
def kubectl(request: pytest.FixtureRequest) -> Path:
    program = machine.TOOLS / f"kubectl-{request.param}" / "kubectl"
    if not program.exists():
        raise machine.missing(f"kubectl {request.param}")
    return program


def test_stock_kubectl_goes_on_where_wharf_login_ends(
    server: Wharf, alice: Person, project: str, kubectl: Path
) -> None:
    log_in(alice, server).check()
    alice("project", "create", project).check()
    command = (kubectl, "--kubeconfig", alice.kubeconfig, "--cache-dir", alice.home / "cache")

    machine.run(*command, "create", "serviceaccount", "theirs").check()
    assert "serviceaccount/theirs" in alice("sa", "list", "-o", "name").check()
    machine.run(*command, "config", "set-context", "--current", "--namespace=default").check()
    assert alice("project", "use").check() == "default\n"


def test_stock_kubectl_applies_what_connect_prints(
    admin: Person, project: str, kubectl: Path
) -> None:
    shop = f"{project}-shop"
    for name in (project, shop):
        admin("project", "create", name).check()
    admin("secret", "docker-registry", "old", "--from-file", _logins(admin.home)).check()
    admin("secret", "link", "default", "old", "--for=pull").check()
    printed = admin("connect", shop, "--registry-project", project).check()

    command = (kubectl, "--kubeconfig", admin.kubeconfig, "--cache-dir", admin.home / "cache")
    machine.run(*command, "apply", "-f", "-", given=printed).check()

    listed = admin("sa", "list", "-n", shop, "-o", "json").check()
    accounts = {item["metadata"]["name"]: item for item in json.loads(listed)["items"]}
    pulls = [entry["name"] for entry in accounts["default"]["imagePullSecrets"]]
    assert {"old", f"registry-{project}"} <= set(pulls)
    assert {"name": f"registry-{project}"} in accounts["builder"]["secrets"]


def _logins(folder: Path) -> Path:
    path = folder / "config.json"
    path.write_text('{"auths": {"hub.test": {"username": "a", "password": "b"}}}')
    return path


async def test_a_cluster_project_is_connected_in_one_go(
    server: Wharf, admin: Person, project: str
) -> None:
    shop = f"{project}-shop"
    for name in (shop, project):
        admin("project", "create", name).check()
    words = ("connect", shop, "--registry-project", project, "--role", "registry-editor")

    secret, puller, builder = YAML(typ="safe").load_all(admin(*words).check())
    assert puller["imagePullSecrets"] == builder["secrets"] == [{"name": f"registry-{project}"}]
    logins = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]
    token = logins[server.host]["password"]
    manifest, blobs = images.random_image(limit=1000)
    async with RegistryApi.connect(server.url, token, server.context()) as api:
        assert await api.put_image(f"{project}/app", "1", manifest, blobs) == 201
        assert await api.put_image(f"{shop}/app", "1", manifest, blobs) == 403

    context = admin("whoami", "-c").check().strip()
    applied = admin(*words, "--apply", "--target-context", context).check().splitlines()
    assert applied == [
        f"secret/registry-{project} created",
        "serviceaccount/default updated",
        "serviceaccount/builder updated",
    ]
    again = admin(*words, "--apply", "--target-context", context).check().splitlines()
    assert [line.split()[1] for line in again] == ["unchanged"] * 3


def test_deleting_a_project_waits_until_it_is_gone(admin: Person, project: str) -> None:
    admin("project", "create", project).check()

    admin("project", "delete", project, "--wait").check()

    assert admin("project", "use", project).code == 1
    assert admin("project", "delete", project).code == 1

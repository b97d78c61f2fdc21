"""R1: one search over registries of all kinds, in the site's order, telling which did not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import images, machine, v1_search
from e2e.machine import Done, Process
from e2e.wharf import WHARF, Wharf

pytestmark = pytest.mark.e2e

IMAGE = "shop/tide-clock"


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[str]:
    """Where Debian's docker-registry answers, without TLS, with an image in it."""
    host = f"127.0.0.1:{machine.free_port()}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "debian")}},
        "http": {"addr": host},
    }
    (tmp_path / "debian.yml").write_text(json.dumps(settings))
    process = Process(
        machine.need("docker-registry"),
        "serve",
        tmp_path / "debian.yml",
        log=tmp_path / "debian.log",
        environ={"OTEL_TRACES_EXPORTER": "none"},
    )
    machine.eventually(process.output, lambda: True if "listening on" in process.output() else None)
    images.multi_arch_layout(tmp_path / "image", ("amd64",))
    copy(tmp_path, host, "--dest-tls-verify=false", name="team/tide-table")
    yield host
    process.stop()


@pytest.fixture(scope="module")
def ours(wharf: Wharf, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Our own server with an image in a project; returns the password of the administrator."""
    token = wharf.admin_token()
    kubeconfig = {"KUBECONFIG": str(wharf.kubeconfig)}
    machine.run(WHARF, "project", "create", "shop", environ=kubeconfig).check()
    folder = tmp_path_factory.mktemp("image")
    images.multi_arch_layout(folder / "image", ("amd64",))
    login = ("--dest-tls-verify=false", f"--dest-creds=admin:{token}")
    copy(folder, wharf.host, *login, name=IMAGE)
    return token


def copy(folder: Path, host: str, *options: str, name: str) -> None:
    source, target = f"oci:{folder / 'image'}", f"docker://{host}/{name}:1"
    machine.run(machine.need("skopeo"), "copy", "--all", *options, source, target).check()


class Here:
    """A site, the logins of a user, and `wharf search` with both."""

    def __init__(self, folder: Path, wharf: Wharf) -> None:
        self.folder, self.wharf = folder, wharf
        self.logins: dict[str, dict[str, str]] = {}

    def site(self, *search: str, insecure: tuple[str, ...] = (), block: str = "") -> None:
        trusted = f"  registries: {{'{self.wharf.host}': {{ca: '{self.wharf.authority}'}}}}\n"
        (self.folder / "site.yaml").write_text(
            f"registries:\n  search: {json.dumps(search)}\n  insecure: {json.dumps(insecure)}\n"
            f"{block}trust:\n{trusted}"
        )

    def search(self, *words: str) -> Done:
        auth = self.folder / "auth.json"
        auth.write_text(json.dumps({"auths": self.logins}))
        return machine.run(
            WHARF,
            "search",
            *words,
            cwd=self.folder,
            environ={"REGISTRY_AUTH_FILE": str(auth), "NO_COLOR": "1"},
        )


@pytest.fixture
def here(tmp_path: Path, wharf: Wharf) -> Here:
    return Here(tmp_path, wharf)


def test_all_kinds_of_registries_are_searched_in_the_order_of_the_site(
    here: Here, wharf: Wharf, ours: str, debian: str
) -> None:
    dead = f"127.0.0.1:{machine.free_port()}"
    with v1_search.serving() as old:
        here.logins = {
            wharf.host: {"username": "anyone", "password": ours},
            old: {"username": v1_search.USER, "password": v1_search.PASSWORD},
        }
        here.site(old, dead, wharf.host, debian, insecure=(old, debian, dead))
        done = here.search("tide")
        program = here.search("tide", "-o", "json")

    assert done.code == 4, done.err
    rows = [line.split()[:2] for line in done.out.splitlines()[1:]]
    assert rows == [
        [old, "rhel7/tide"],
        [old, "rhel7/pier"],
        [wharf.host, IMAGE],
        [debian, "team/tide-table"],
    ]
    assert "\x1b" not in done.out
    assert f"cannot ask http://{dead}: Connection refused" in done.err
    assert "cannot do 1 of 4" in done.err
    document = json.loads(program.out)
    assert [row["name"] for row in document["items"]] == [row[1] for row in rows]
    assert [(one["registry"], one["reason"]) for one in document["failures"]] == [
        (dead, "Connection refused")
    ]
    assert document["items"][0]["stars"] == 3


def test_nobody_answers(here: Here) -> None:
    dead = f"127.0.0.1:{machine.free_port()}"

    done = here.search("tide", "--registry", dead)

    assert done.code == 1
    assert done.out == ""
    assert "Connection refused" in done.err


def test_a_blocked_registry_is_not_asked(here: Here, debian: str) -> None:
    dead = f"127.0.0.1:{machine.free_port()}"
    block = f"  block: ['{dead}', '{debian}/team/tide-table']\n"
    copy(here.folder, debian, "--dest-tls-verify=false", name="team/tide-gauge")
    here.site(dead, debian, insecure=(debian,), block=block)

    done = here.search("tide", "-o", "name")

    assert done.code == 0, done.err
    assert done.out == f"{debian}/team/tide-gauge\n"
    assert f"{dead} is not asked: {dead} is blocked by site rule block: {dead}" in done.err


def test_without_trust_and_without_a_login_the_reason_is_told(
    here: Here, wharf: Wharf, ours: str
) -> None:
    untrusted = here.search("tide", "--registry", wharf.host)
    here.site(wharf.host)
    anonymous = here.search("tide")
    here.logins = {wharf.host: {"username": "anyone", "password": "wrong"}}
    wrong = here.search("tide")

    assert "its certificate is not trusted" in untrusted.err
    assert untrusted.code == 1
    assert (anonymous.code, anonymous.out) == (0, "")
    assert "no image was found" in anonymous.err
    assert "does not take the login" in wrong.err
    assert "wrong" not in wrong.out + wrong.err

"""
Each command of `oc` that people have in their fingers finds what it asks for.

The requests are replayed over TLS against `wharf up` with a password file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPSConnection

import bcrypt
import pytest

from e2e import machine, oc_requests
from e2e.oc_requests import COMMANDS, GIVEN, Replay, basic
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse"

HABITS = (
    "login", "logout", "whoami", "whoami -t", "new-project", "project", "projects",
    "create secret docker-registry", "create secret generic", "secrets link", "secrets unlink",
    "sa new-token", "sa get-token", "create token", "policy add-role-to-user",
    "policy add-role-to-group", "registry login", "set build-secret", "set volume", "patch",
    "extract", "describe", "adm cordon", "adm drain", "adm uncordon", "import-image", "tag",
)  # fmt: skip
PAGE = machine.ROOT / "docs" / "reference" / "openshift.md"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wharf]:
    """A server that knows ada and bob by their password."""
    folder = tmp_path_factory.mktemp("oc")
    passwords = folder / "htpasswd"
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    passwords.write_text(f"ada:{hashed}\nbob:{hashed}\n")
    server = Wharf(folder / "state", flags=("--htpasswd", str(passwords)))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def connect(server: Wharf) -> Callable[[], HTTPSConnection]:
    context = server.context()
    return lambda: HTTPSConnection(server.host, context=context, timeout=60)


@pytest.fixture
def replay(server: Wharf, connect: Callable[[], HTTPSConnection], project: str) -> Iterator[Replay]:
    """Ada with a project of her own, in which there is something of each kind."""
    token = session(connect, "ada")
    bearers = {"token": token, "bob": session(connect, "bob"), "admin": server.admin_token()}
    replay = Replay(connect, project, credentials(bearers))
    replay.kept |= {"server": server.url, "session": name_of(token)}
    ask = "/apis/project.openshift.io/v1/projectrequests"
    replay.play({"POST": ask, "body": {"metadata": {"name": "@"}}, "status": 201})
    for row in GIVEN:
        replay.play(row)
    yield replay
    replay.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_finds_what_it_asks_for(replay: Replay, command: str) -> None:
    for row in COMMANDS[command]:
        replay.play(row)


@pytest.mark.parametrize("habit", HABITS)
def test_every_habit_is_in_the_table_and_on_the_page(habit: str) -> None:
    replayed = re.compile(rf"(^|, |`){habit}\b")

    assert [command for command in COMMANDS if replayed.search(command)]
    assert f"`oc {habit}" in PAGE.read_text().partition("## API groups")[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", {"a": [{"b.c": 1}], "d": ""}),
        ("a[0][b.c]", 1),
        ("a[1]", None),
        ("nowhere.a", None),
        ("d", ""),
    ],
)
def test_paths_lead_where_they_say(path: str, value: object) -> None:
    assert oc_requests.at({"a": [{"b.c": 1}], "d": ""}, path) == value


def credentials(bearers: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "nobody": "",
        "ada": f"Bearer {bearers['token']}",
        **{who: f"Bearer {token}" for who, token in bearers.items()},
        "guess": "Bearer sha256~guessed",
        "password": basic("ada", PASSWORD),
        "wrong password": basic("ada", "wrong"),
        "client": basic("openshift-challenging-client", ""),
        "any name with the token": basic("user", bearers["token"]),
    }


def session(connect: Callable[[], HTTPSConnection], user: str) -> str:
    with closing(connect()) as connection:
        authorization = {"authorization": basic(user, PASSWORD)}
        connection.request("POST", "/oauth/session", headers=authorization)
        return str(json.load(connection.getresponse())["token"])


def name_of(token: str) -> str:
    """The name of a session's object, as `oc logout` makes it of the token."""
    hashed = hashlib.sha256(token.removeprefix("sha256~").encode()).digest()
    return f"sha256~{base64.urlsafe_b64encode(hashed).decode().rstrip('=')}"

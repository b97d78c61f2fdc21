from pathlib import Path

import pytest

from wharfinger.cli import background, server
from wharfinger.cli.background import Running
from wharfinger.server.settings import Listen, Settings

STATE = Path("/state")
WELL = Running(7, "https://127.0.0.1:5000", "0.1.0", {"ping": True, "storage": True})


def test_the_next_steps_name_login_push_and_console():
    text = server.next_steps(Settings(STATE), "https://127.0.0.1:5000")

    for expected in (
        "export KUBECONFIG=/state/admin.kubeconfig",
        "docker login",
        "127.0.0.1:5000/demo/IMAGE",
        "https://127.0.0.1:5000/console/",
    ):
        assert expected in text
    assert "ca.crt" not in text


def test_a_server_for_other_machines_says_what_they_must_trust():
    settings = Settings(STATE, Listen("192.0.2.1", 5000))

    assert "/state/ca.crt" in server.next_steps(settings, "https://192.0.2.1:5000")


@pytest.mark.parametrize(
    ("found", "said", "ready"),
    [
        (Running(), "no server runs", False),
        (Running(7), "starting or ending", False),
        (Running(7, WELL.url, WELL.version, None), "does not answer", False),
        (Running(7, WELL.url, WELL.version, {"storage": False}), "not ready", False),
        (WELL, "ready", True),
    ],
)
def test_a_server_is_described_as_it_is(found, said, ready):
    assert said in server.described(found, Settings(STATE))
    assert found.ready is ready
    assert found.document()["ready"] is ready


def test_a_directory_without_a_server_is_no_error(tmp_path):
    assert background.look(Settings(tmp_path / "none")) == Running()


def test_ending_what_does_not_run_is_no_error(tmp_path, capsys):
    server.down(state=tmp_path)

    assert "no server runs" in capsys.readouterr().err

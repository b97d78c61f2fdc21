import stat
from datetime import UTC, datetime

import pytest

from wharfinger.cluster.tokens import SigningKey, Tokens, administrator_token
from wharfinger.server.directory import IncompleteState, StateDirectory, StateUnusable
from wharfinger.server.kubeconfig import Kubeconfig

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = ("127.0.0.1", "localhost")


@pytest.fixture
def directory(tmp_path):
    made = StateDirectory(tmp_path / "deep" / "state")
    made.make()
    return made


def test_all_that_is_made_is_for_its_owner_alone(directory):
    authority = directory.authority(NOW)
    directory.issue(authority, NAMES, NOW)
    directory.signing_key()
    directory.write_kubeconfig(Kubeconfig("https://127.0.0.1:5000", b"", "t"))

    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.path.iterdir()}
    assert made == dict.fromkeys(
        ("ca.crt", "ca.key", "tls.crt", "tls.key", "signing.key", "admin.kubeconfig"), 0o600
    )


def test_a_second_start_finds_what_the_first_has_made(directory):
    authority = directory.authority(NOW)
    pair, reason = directory.issue(authority, NAMES, NOW)

    assert reason is not None
    assert directory.authority(NOW) == authority
    assert directory.issue(authority, NAMES, NOW) == (pair, None)
    assert directory.signing_key().id == directory.signing_key().id


@pytest.mark.parametrize("lost", [("ca.crt",), ("tls.crt",), ("tls.key",), ("tls.crt", "tls.key")])
def test_a_first_start_that_was_killed_is_resumed(directory, lost):
    directory.issue(directory.authority(NOW), NAMES, NOW)
    for name in lost:
        (directory.path / name).unlink()

    authority = directory.authority(NOW)
    pair, _ = directory.issue(authority, NAMES, NOW)

    pair.leaf.verify_directly_issued_by(authority.leaf)
    assert directory.pair() == pair


def test_an_authority_without_its_key_is_not_silently_replaced(directory):
    directory.authority(NOW)
    directory.authority_key.unlink()

    with pytest.raises(IncompleteState):
        directory.authority(NOW)


def test_leftovers_of_killed_starts_are_cleared_away(directory):
    (directory.path / ".ca.key.abc").write_bytes(b"half a key")

    directory.sweep()

    assert list(directory.path.iterdir()) == []


def test_the_token_of_an_earlier_start_is_kept_while_the_key_is_the_same(directory):
    tokens = Tokens(directory.signing_key())
    token = administrator_token(tokens)
    directory.write_kubeconfig(Kubeconfig("https://127.0.0.1:5000", b"", token))

    assert directory.administrator_token(tokens) == token
    assert directory.administrator_token(Tokens(SigningKey.generate())) is None


def test_an_unchanged_kubeconfig_is_not_written_again(directory):
    wanted = Kubeconfig("https://127.0.0.1:5000", b"", "t")

    assert directory.write_kubeconfig(wanted)
    assert not directory.write_kubeconfig(wanted)


def test_a_file_in_the_place_of_the_directory_is_reported(tmp_path):
    (tmp_path / "state").write_text("")

    with pytest.raises(StateUnusable):
        StateDirectory(tmp_path / "state").make()

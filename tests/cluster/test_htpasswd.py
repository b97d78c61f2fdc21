import os

import argon2
import bcrypt
import pytest

from wharfinger.cluster import htpasswd
from wharfinger.cluster.htpasswd import BadPasswordFile, HtpasswdFile, PasswordFileUnreadable
from wharfinger.cluster.passwords import _DECOY

BCRYPT = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
ARGON2 = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("secret")


@pytest.mark.parametrize(
    "hashed",
    [BCRYPT, BCRYPT.replace("$2b$", "$2y$"), BCRYPT.replace("$2b$", "$2a$"), ARGON2],
    ids=("2b", "2y", "2a", "argon2"),
)
def test_bcrypt_and_argon2_match_the_password_and_nothing_else(hashed):
    entry = htpasswd.parse(f"ada:{hashed}")["ada"]

    assert entry.matches("secret")
    for wrong in ("Secret", "secret ", "", "x" * 1000, "secret\0", "\ud800"):
        assert not entry.matches(wrong)


def test_a_password_beyond_what_bcrypt_sees_never_matches():
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    entry = htpasswd.parse(f"ada:{hashed}")["ada"]

    assert entry.matches("x" * 72)
    assert not entry.matches("x" * 73)


def test_comments_and_empty_lines_are_skipped():
    assert list(htpasswd.parse(f"# users\n\nada:{BCRYPT}\nbob:{ARGON2}\n")) == ["ada", "bob"]


@pytest.mark.parametrize(
    "line",
    [
        "ada",
        "ada:",
        "ada:secret",
        "ada:$apr1$abcdefgh$0123456789012345678901",
        "ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        f"ada:{BCRYPT.replace('$04$', '$99$')}",
        f"ada:{BCRYPT.replace('$04$', '$31$')}",
        f":{BCRYPT}",
        f"system:admin:{BCRYPT}",
        f"a/b:{BCRYPT}",
        f"..:{BCRYPT}",
        f"a b:{BCRYPT}",
        f"ada:{BCRYPT}\nada:{ARGON2}",
    ],
    ids=lambda line: line.partition(":")[0] or "nobody",
)
def test_a_line_that_cannot_be_used_is_refused_by_its_number(line):
    with pytest.raises(BadPasswordFile, match=r"line \d"):
        htpasswd.parse(line)


def test_no_error_repeats_a_hash_or_a_password():
    with pytest.raises(BadPasswordFile) as caught:
        htpasswd.parse("ada:plain-text-password")
    assert "plain-text" not in str(caught.value)


def test_a_changed_file_counts_from_the_next_question(tmp_path):
    path = tmp_path / "htpasswd"
    path.write_text(f"ada:{BCRYPT}\n")
    file = HtpasswdFile(path)
    assert set(file.entries()) == {"ada"}

    path.write_text(f"bob:{BCRYPT}\nada:{ARGON2}\n")
    assert set(file.entries()) == {"ada", "bob"}
    os.utime(path, (1, 1))
    assert set(file.entries()) == {"ada", "bob"}


def test_a_file_that_is_gone_or_broken_lets_nobody_in(tmp_path):
    path = tmp_path / "htpasswd"
    path.write_text(f"ada:{BCRYPT}\n")
    file = HtpasswdFile(path)

    path.write_text("nonsense\n")
    with pytest.raises(BadPasswordFile):
        file.entries()
    with pytest.raises(BadPasswordFile):
        file.entries()
    path.unlink()
    with pytest.raises(PasswordFileUnreadable):
        file.entries()


def test_the_decoy_is_a_real_hash():
    assert not _DECOY.matches("anything")

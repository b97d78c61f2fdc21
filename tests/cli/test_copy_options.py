"""Logins and certificates for a copy."""

import pytest

from wharfinger.cli import cert_folder, terminal
from wharfinger.cli.copy_options import Access
from wharfinger.cli.errors import UsageError
from wharfinger.oci.credentials import Credential
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote.trust import Trust

HOST = RegistryHost("registry.test", 5000)


def test_a_login_is_given_read_or_asked_for(tmp_path, monkeypatch):
    file = tmp_path / "login"
    file.write_text("user:pass:word\n")
    asked = []
    monkeypatch.setattr(terminal, "ask_secret", lambda prompt: asked.append(prompt) or "typed")

    assert Access(src_creds="user:pass:word").source().login("source") == Credential(
        "user", "pass:word"
    )
    assert Access(dest_creds_file=file).target().login("target") == Credential("user", "pass:word")
    assert Access(src_creds="user").source().login("source") == Credential("user", "typed")
    assert asked == ["Password for the source"]
    assert Access(src_creds="user:x").target().login("target") is None


def test_a_login_is_not_given_twice_or_by_half(tmp_path):
    file = tmp_path / "login"
    file.write_bytes(b"user\xff:x")

    for access in (
        Access(src_creds="user:x", src_creds_file=file),
        Access(src_creds_file=file),
        Access(src_creds=":x"),
    ):
        with pytest.raises(UsageError):
            access.source().login("source")


def test_no_password_is_in_what_is_printed():
    login = Access(src_creds="user:hunter2").source().login("source")

    assert "hunter2" not in repr(login)


def test_a_folder_has_authorities_and_a_certificate_to_show(tmp_path):
    for name in ("b.crt", "a.crt", "me.cert", "me.key", "README"):
        (tmp_path / name).write_bytes(name.encode())

    assert cert_folder.read(tmp_path) == Trust((b"a.crt", b"b.crt"), (b"me.cert", b"me.key"))


def test_a_folder_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "me.cert").write_bytes(b"x")
    (tmp_path / "x.crt").write_bytes(bytes(cert_folder.SIZE_LIMIT + 1))
    with pytest.raises(UsageError, match="has more than"):
        cert_folder.read(tmp_path)
    (tmp_path / "x.crt").unlink()
    with pytest.raises(UsageError, match="No such file"):
        cert_folder.read(tmp_path)


def test_the_first_of_the_usual_places_is_the_only_one(tmp_path, monkeypatch):
    places = [tmp_path / "one", tmp_path / "two"]
    monkeypatch.setattr(cert_folder, "PLACES", places)
    assert cert_folder.usual(HOST) == Trust()
    for place in places[::-1]:
        (place / str(HOST)).mkdir(parents=True)
        (place / str(HOST) / "ca.crt").write_text(place.name)

        assert cert_folder.usual(HOST) == Trust((place.name.encode(),))

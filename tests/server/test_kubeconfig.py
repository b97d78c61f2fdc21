import pytest

from wharfinger.server.kubeconfig import Kubeconfig, token_in

WANTED = Kubeconfig("https://127.0.0.1:5000", b"-----BEGIN", "to:ken", tls_name="registry.test")


def test_what_was_written_is_recognised():
    text = WANTED.render()

    assert WANTED.says(text)
    assert token_in(text) == "to:ken"


@pytest.mark.parametrize(
    "other",
    [
        Kubeconfig("https://127.0.0.1:5001", b"-----BEGIN", "to:ken", tls_name="registry.test"),
        Kubeconfig("https://127.0.0.1:5000", b"other", "to:ken", tls_name="registry.test"),
        Kubeconfig("https://127.0.0.1:5000", b"-----BEGIN", "other", tls_name="registry.test"),
        Kubeconfig("https://127.0.0.1:5000", b"-----BEGIN", "to:ken"),
        Kubeconfig("https://127.0.0.1:5000", None, "to:ken"),
    ],
)
def test_another_address_authority_or_token_is_noticed(other):
    assert not other.says(WANTED.render())


def test_a_namespace_that_kubectl_put_into_the_file_is_kept():
    edited = WANTED.render().replace(b"namespace: default", b"namespace: team")

    assert WANTED.says(edited)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"users: 5", b"users: [5]", b"users:\n- name: administrator", b"{", b"\x00"],
)
def test_a_file_that_somebody_broke_counts_as_saying_nothing(text):
    assert not WANTED.says(text)
    assert token_in(text) is None


def test_the_token_is_not_shown():
    assert "to:ken" not in repr(WANTED)

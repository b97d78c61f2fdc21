import base64

import pytest
from ruamel.yaml import YAML

from wharfinger.cli import kubeconfig
from wharfinger.cli.errors import InvalidKubeconfig, NoContext
from wharfinger.cli.kubeconfig import File, Identity, Login


def file(tmp_path, text: str, name: str = "config") -> File:
    path = tmp_path / name
    path.write_text(text)
    [loaded] = kubeconfig.load([path])
    return loaded


HUB = kubeconfig.Context("", "https://hub.test:5000", authority=b"PEM", tls_name="real.test")
FULL = """\
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]
clusters: [{name: k, cluster: {server: "https://hub.test", CLUSTER}}]
users: [{name: u, user: {USER}}]
"""


def context(tmp_path, *, cluster: str = "", user: str = "") -> kubeconfig.Context:
    return kubeconfig.current(
        [file(tmp_path, FULL.replace("CLUSTER", cluster).replace("USER", user))]
    )


def test_files_are_found_as_kubectl_finds_them(tmp_path):
    environment = {"HOME": "/home/a", "KUBECONFIG": "/x:/y"}

    assert list(map(str, kubeconfig.paths(tmp_path, environment))) == [str(tmp_path)]
    assert list(map(str, kubeconfig.paths(None, environment))) == ["/x", "/y"]
    assert list(map(str, kubeconfig.paths(None, {"HOME": "/home/a"}))) == ["/home/a/.kube/config"]


def test_the_first_file_to_have_an_entry_decides(tmp_path):
    one = file(tmp_path, "users: [{name: u, user: {token: first}}]", "one")
    two = file(tmp_path, FULL.replace("CLUSTER", "").replace("USER", "token: second"), "two")

    found = kubeconfig.current([one, two])

    assert (found.server, found.identity.token) == ("https://hub.test", "first")


def test_authority_and_certificate_come_as_data_or_as_files_beside(tmp_path):
    data = base64.b64encode(b"PEM").decode()
    (tmp_path / "ca.pem").write_bytes(b"from file")

    by_data = context(
        tmp_path,
        cluster=f"certificate-authority-data: {data}",
        user=f"client-certificate-data: {data}, client-key-data: {data}",
    )
    by_file = context(tmp_path, cluster="certificate-authority: ca.pem")

    assert by_data.authority == b"PEM"
    assert by_data.identity == Identity(certificate=b"PEM", key=b"PEM")
    assert by_file.authority == b"from file"


def test_a_token_can_stand_in_a_file_of_its_own(tmp_path):
    (tmp_path / "token").write_text("abc\n")

    assert context(tmp_path, user="tokenFile: token").identity.token == "abc"


def test_the_name_to_check_and_the_wish_not_to_are_read(tmp_path):
    found = context(tmp_path, cluster="tls-server-name: real.test, insecure-skip-tls-verify: true")

    assert (found.tls_name, found.insecure, found.namespace) == ("real.test", True, "n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "current-context: gone",
        "current-context: c\ncontexts: [{name: c, context: {cluster: gone, user: u}}]",
        "current-context: c\ncontexts: [{name: c, context: null}]",
        "current-context: [c]",
    ],
)
def test_a_context_that_leads_nowhere_has_a_remedy(tmp_path, text):
    with pytest.raises(NoContext) as caught:
        kubeconfig.current([file(tmp_path, text)])

    assert "wharf login" in caught.value.remedy


def test_a_plugin_for_credentials_is_refused_rather_than_run(tmp_path):
    with pytest.raises(NoContext):
        context(tmp_path, user="exec: {command: touch}")


@pytest.mark.parametrize(
    "text", ["a: [", "[]", "a: 1\na: 2", "\x00", "x: !!python/object:os.system {}\n- y"]
)
def test_what_is_no_kubeconfig_is_refused_without_quoting_it(tmp_path, text):
    with pytest.raises(InvalidKubeconfig) as caught:
        file(tmp_path, f"token: hunter2\n{text}" if text != "[]" else text)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "entry", ["certificate-authority-data: '!'", "certificate-authority: gone"]
)
def test_an_authority_that_cannot_be_read_is_refused(tmp_path, entry):
    with pytest.raises(InvalidKubeconfig):
        context(tmp_path, cluster=entry)


def test_a_login_is_named_as_oc_names_it(tmp_path):
    loaded = kubeconfig.load([tmp_path / "new"])

    changed = kubeconfig.remember(loaded, Login(HUB, "alice", "t"))
    kubeconfig.save(changed)

    written = YAML(typ="safe").load(tmp_path / "new")
    assert written == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "hub-test:5000",
                "cluster": {
                    "tls-server-name": "real.test",
                    "server": "https://hub.test:5000",
                    "certificate-authority-data": "UEVN",
                },
            }
        ],
        "users": [{"name": "alice/hub-test:5000", "user": {"token": "t"}}],
        "contexts": [
            {
                "name": "hub-test:5000/alice",
                "context": {
                    "cluster": "hub-test:5000",
                    "user": "alice/hub-test:5000",
                    "namespace": "default",
                },
            }
        ],
        "current-context": "hub-test:5000/alice",
    }


def test_a_change_goes_to_the_file_that_has_the_entry(tmp_path):
    one = file(tmp_path, "{}", "one")
    two = file(tmp_path, FULL.replace("CLUSTER", "").replace("USER", "token: t"), "two")

    changed = kubeconfig.use_namespace([one, two], kubeconfig.current([one, two]), "shop")

    assert changed is two


def test_a_file_is_written_through_a_link_and_for_its_owner_only(tmp_path):
    real = tmp_path / "real"
    real.write_text(FULL.replace("CLUSTER", "").replace("USER", "token: t"))
    real.chmod(0o644)
    (tmp_path / "link").symlink_to(real)
    loaded = kubeconfig.load([tmp_path / "link"])

    kubeconfig.save(kubeconfig.use_namespace(loaded, kubeconfig.current(loaded), "shop"))

    assert (tmp_path / "link").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "namespace: shop" in real.read_text()


def test_no_repr_shows_a_secret():
    identity = Identity(token="hunter2", password="hunter2", key=b"hunter2")

    assert "hunter2" not in repr([identity, Login(HUB, "a", "hunter2")])

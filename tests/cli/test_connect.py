import base64

import pytest
from ruamel.yaml import YAML

from wharfinger.cli.exit_codes import ExitCode
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential

HERE, CLUSTER = "/api/v1/namespaces/images", "/api/v1/namespaces/shop"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/images/rolebindings"
LOGIN = Credential("serviceaccount", "long-lived-of-connect-shop")
ARGUMENTS = ("connect", "shop", "--registry-project", "images")

pytestmark = pytest.mark.usefixtures("kubeconfig")


def login(secret: dict) -> credentials.Credentials:
    return credentials.parse_dockerconfigjson(base64.b64decode(secret["data"][".dockerconfigjson"]))


def test_prints_a_secret_and_its_links_for_the_cluster(wharf, server):
    result = wharf(*ARGUMENTS, "--registry-server", "hub.test:5000")

    assert result.code == ExitCode.OK
    secret, puller, builder = YAML(typ="safe").load_all(result.out)
    assert secret["kind"] == "Secret"
    assert secret["metadata"] == {"name": "registry-images", "namespace": "shop"}
    assert login(secret) == {"hub.test:5000": LOGIN}
    assert puller["metadata"] == {"name": "default", "namespace": "shop"}
    assert puller["imagePullSecrets"] == [{"name": "registry-images"}]
    assert builder["metadata"]["name"] == "builder"
    assert builder["secrets"] == [{"name": "registry-images"}]


def test_makes_an_account_that_has_just_the_role(wharf, server):
    wharf(*ARGUMENTS, "--role", "registry-editor")

    assert f"{HERE}/serviceaccounts/connect-shop" in server.objects
    binding = server.objects[f"{BINDINGS}/registry-editor"]
    assert binding["roleRef"]["name"] == "registry-editor"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "connect-shop", "namespace": "images"}
    ]


def test_running_it_again_makes_nothing_new(wharf, server):
    first = wharf(*ARGUMENTS)
    before = server.writes()

    again = wharf(*ARGUMENTS)

    assert again.out == first.out
    assert server.writes() == before


def test_other_roles_are_refused(wharf, server):
    assert wharf(*ARGUMENTS, "--role", "admin").code == ExitCode.USAGE
    assert server.seen == []


def test_applies_to_the_cluster_and_keeps_what_is_there(wharf, server):
    server.add(f"{CLUSTER}/serviceaccounts/default", imagePullSecrets=[{"name": "old"}])
    server.add(f"{CLUSTER}/serviceaccounts/builder")

    result = wharf(*ARGUMENTS, "--apply", "--target-context", "here")

    assert result.out == (
        "secret/registry-images created\nserviceaccount/default updated\nserviceaccount/builder updated\n"
    )
    address = server.url.removeprefix("http://")
    assert login(server.objects[f"{CLUSTER}/secrets/registry-images"]) == {address: LOGIN}
    assert server.objects[f"{CLUSTER}/serviceaccounts/default"]["imagePullSecrets"] == [
        {"name": "old"}, {"name": "registry-images"},
    ]  # fmt: skip
    again = wharf(*ARGUMENTS, "--apply", "--target-context", "here")
    assert [line.split()[1] for line in again.out.splitlines()] == ["unchanged"] * 3


def test_applying_replaces_a_login_that_has_changed(wharf, server):
    server.add(f"{CLUSTER}/secrets/registry-images", type="kubernetes.io/dockerconfigjson", data={})

    result = wharf(*ARGUMENTS, "--apply", "--target-context", "here")

    assert "secret/registry-images configured" in result.out
    assert "serviceaccount/builder is not there: nothing to link" in result.err


def test_a_secret_of_another_type_is_left_alone(wharf, server):
    server.add(f"{CLUSTER}/secrets/registry-images", type="Opaque", data={"a": "b"})

    assert wharf(*ARGUMENTS, "--apply", "--target-context", "here").code == ExitCode.USAGE
    assert server.objects[f"{CLUSTER}/secrets/registry-images"]["data"] == {"a": "b"}


def test_applying_needs_to_know_where(wharf, server):
    assert wharf(*ARGUMENTS, "--apply").code == ExitCode.USAGE
    assert server.seen == []


def test_a_secret_that_stands_in_the_way_of_the_token_is_left_alone(wharf, server):
    server.add(f"{HERE}/secrets/connect-shop-token", type="Opaque")

    assert wharf(*ARGUMENTS).code == ExitCode.ERROR
    assert server.objects[f"{HERE}/secrets/connect-shop-token"]["type"] == "Opaque"

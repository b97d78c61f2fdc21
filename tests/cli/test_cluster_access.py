"""Which API a kubeconfig or a pod leads to, and what proves there who we are."""

import asyncio
import base64
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta

import pytest

import made_certificates as certificates
from wharfinger.cli import cluster_access, exec_credential, kubeconfig
from wharfinger.cli.errors import InvalidKubeconfig, NoContext
from wharfinger.cli.exec_credential import ExecCredential
from wharfinger.maintenance.api import ApiFault, ApiRefused
from wharfinger.maintenance.kube.server import Proof, Server

FULL = """\
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://hub.test", CLUSTER}}]
users: [{name: u, user: {USER}}]
"""
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def written(tmp_path):
    """The server of a kubeconfig with such a cluster and user."""

    def write(*, user: str = "", cluster: str = "", **environment: str) -> Server:
        path = tmp_path / "config"
        path.write_text(FULL.replace("CLUSTER", cluster).replace("USER", user))
        return cluster_access.server(path, None, environment=environment)

    return write


@pytest.fixture
def plugin(tmp_path):
    """A program that prints what its arguments say and notes how it was asked."""
    program = tmp_path / "bin" / "who"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, sys\n"
        "log = pathlib.Path(__file__).with_name('asked')\n"
        "calls = log.read_text().splitlines() if log.exists() else []\n"
        "asked = {'info': json.loads(os.environ['KUBERNETES_EXEC_INFO']),\n"
        "         'region': os.environ.get('REGION'), 'args': sys.argv[1:]}\n"
        "log.write_text('\\n'.join([*calls, json.dumps(asked)]))\n"
        "answer = pathlib.Path(__file__).with_name('answer').read_text()\n"
        "print(answer.replace('NUMBER', str(len(calls) + 1)))\n"
        "sys.exit(3 if 'fail' in sys.argv else 0)\n"
    )
    program.chmod(0o755)
    return program


def answers(plugin, *, version: str = V1, **status: str) -> None:
    document = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    plugin.with_name("answer").write_text(json.dumps(document))


def asked(plugin) -> list:
    return [json.loads(line) for line in plugin.with_name("asked").read_text().splitlines()]


def execution(version: str = V1, mode: str = "interactiveMode: Never", more: str = "") -> str:
    return f"exec: {{apiVersion: {version}, command: bin/who, {mode}, {more}}}"


async def test_a_token_and_a_password_are_shown_as_they_are_written(written):
    token = written(user="token: abc").credential
    password = written(user="username: ann, password: 'a:b'").credential
    nobody = written().credential

    assert (await token.proof()).authorization == "Bearer abc"
    secret = base64.b64encode(b"ann:a:b").decode()
    assert (await password.proof()).authorization == f"Basic {secret}"
    assert await nobody.proof() == Proof()


async def test_a_token_file_is_read_again_for_each_request(written, tmp_path):
    (tmp_path / "token").write_text("one\n")
    credential = written(user="tokenFile: token").credential

    first = await credential.proof()
    (tmp_path / "token").write_text("two\n")
    second = await credential.proof()
    (tmp_path / "token").unlink()

    assert (first.authorization, second.authorization) == ("Bearer one", "Bearer two")
    with pytest.raises(ApiFault):
        await credential.proof()


def test_the_place_is_taken_over_with_its_trust_and_its_proxy(written):
    found = written(cluster='tls-server-name: api.test, proxy-url: "http://proxy.test:3128"')
    careless = written(cluster="insecure-skip-tls-verify: true")

    assert (found.url, found.name, found.proxy) == (
        "https://hub.test",
        "api.test",
        "http://proxy.test:3128",
    )
    assert found.trust is not None
    assert careless.trust is not None
    assert found.trust.verify_mode is ssl.CERT_REQUIRED
    assert careless.trust.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ("auth-provider: {name: gcp}", ""),
        ("token: abc, as: system:admin", ""),
        ("token: abc, as-groups: [system:masters]", ""),
        ("token: abc", 'proxy-url: "socks5://proxy.test"'),
    ],
)
def test_what_would_lead_elsewhere_or_as_another_is_refused_by_name(written, user, cluster):
    with pytest.raises(NoContext) as refused:
        written(user=user, cluster=cluster)

    assert refused.value.remedy


@pytest.mark.parametrize(
    "settings",
    [
        "exec: {apiVersion: client.authentication.k8s.io/v1}",
        "exec: nothing",
        execution(version="client.authentication.k8s.io/v1alpha1"),
        execution(mode="interactiveMode: Perhaps"),
        execution(mode="env: []"),
    ],
)
def test_a_plugin_that_is_not_described_well_is_refused(written, settings):
    with pytest.raises(InvalidKubeconfig):
        written(user=settings)


async def test_inside_a_pod_its_account_is_used_unless_there_is_a_kubeconfig(tmp_path):
    account, home = tmp_path / "account", tmp_path / "home"
    account.mkdir()
    (account / "token").write_text("pod\n")
    (account / "ca.crt").write_bytes(certificates.authority().pem)
    inside = {
        "HOME": str(home),
        "KUBERNETES_SERVICE_HOST": "fd00::1",
        "KUBERNETES_SERVICE_PORT": "443",
    }

    found = cluster_access.server(None, None, environment=inside, account=account)
    (home / ".kube").mkdir(parents=True)
    (home / ".kube" / "config").write_text(FULL.replace("CLUSTER", "").replace("USER", ""))
    chosen = cluster_access.server(None, None, environment=inside, account=account)

    assert found.url == "https://[fd00::1]:443"
    assert (await found.credential.proof()).authorization == "Bearer pod"
    (account / "token").write_text("renewed\n")
    assert (await found.credential.proof()).authorization == "Bearer renewed"
    assert found.trust is not None
    assert len(found.trust.get_ca_certs()) == 1
    assert chosen.url == "https://hub.test"


def test_outside_of_everything_there_is_no_server(tmp_path):
    with pytest.raises(NoContext):
        cluster_access.server(None, None, environment={"HOME": str(tmp_path)}, account=tmp_path)


async def test_a_plugin_is_run_once_until_the_server_turns_its_token_down(written, plugin):
    answers(plugin, token="token-NUMBER")
    credential = written(
        user=execution(more="args: [get, token], env: [{name: REGION, value: north}]")
    ).credential

    together = await asyncio.gather(*(credential.proof() for _ in range(8)))
    renewed = await asyncio.gather(*(credential.proof(refused=together[0]) for _ in range(8)))

    assert {proof.authorization for proof in together} == {"Bearer token-1"}
    assert {proof.authorization for proof in renewed} == {"Bearer token-2"}
    assert [(one["args"], one["region"]) for one in asked(plugin)] == [
        (["get", "token"], "north")
    ] * 2
    assert asked(plugin)[0]["info"] == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }


async def test_a_plugin_is_run_again_shortly_before_its_token_expires(tmp_path, plugin):
    answers(plugin, token="token-NUMBER", expirationTimestamp="2026-11-23T13:00:00+01:00")
    now = [NOON - timedelta(minutes=1)]
    described = exec_credential.Plugin((str(plugin),), V1, {}, "Never")
    credential = ExecCredential(described, kubeconfig.Context("", "https://a"), now=lambda: now[0])

    shown = []
    for moment in (now[0], NOON - timedelta(seconds=30), NOON - timedelta(seconds=5)):
        now[0] = moment
        shown.append((await credential.proof()).authorization)

    assert shown == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_plugin_of_the_older_version_is_told_of_the_cluster_if_it_asks(written, plugin):
    answers(plugin, token="abc", version=V1BETA1)
    authority = base64.b64encode(certificates.authority().pem).decode()
    extension = "{name: client.authentication.k8s.io/exec, extension: {audience: hub}}"

    found = written(
        user=execution(V1BETA1, "provideClusterInfo: true"),
        cluster=f"certificate-authority-data: {authority}, extensions: [{extension}]",
    )
    await found.credential.proof()

    assert asked(plugin)[0]["info"]["spec"]["cluster"] == {
        "server": "https://hub.test",
        "certificate-authority-data": authority,
        "config": {"audience": "hub"},
    }


async def test_a_plugin_may_give_a_certificate_for_connections_of_their_own(written, plugin):
    own = certificates.client(certificates.authority())
    answers(plugin, clientCertificateData=own.pem.decode(), clientKeyData=own.key_pem.decode())
    found = written(user=execution())

    first = await found.credential.proof()
    again = await found.credential.proof(refused=first)

    assert first.authorization == ""
    assert first.trust is not None
    assert first.trust not in (found.trust, again.trust)


@pytest.mark.parametrize(
    ("status", "version"),
    [({}, V1), ({"token": "abc"}, V1BETA1), ({"clientCertificateData": "abc"}, V1)],
)
async def test_what_is_no_credential_is_refused(written, plugin, status, version):
    answers(plugin, version=version, **status)

    with pytest.raises(ApiRefused):
        await written(user=execution()).credential.proof()


async def test_what_a_plugin_printed_is_never_quoted(written, plugin):
    plugin.with_name("answer").write_text("secret")

    with pytest.raises(ApiRefused) as refused:
        await written(user=execution()).credential.proof()

    assert "secret" not in f"{refused.value} {refused.value.__cause__}"


async def test_a_plugin_that_fails_may_do_better_next_time(written, plugin):
    answers(plugin, token="abc")

    with pytest.raises(ApiFault):
        await written(user=execution(more="args: [fail]")).credential.proof()


async def test_a_plugin_that_is_not_there_is_missed_with_the_hint(written):
    settings = execution(more="installHint: see the page").replace("bin/who", "no-such-program")

    with pytest.raises(ApiRefused) as refused:
        await written(user=settings, PATH="/nowhere").credential.proof()

    assert refused.value.remedy == "see the page"


async def test_a_plugin_that_needs_a_person_is_not_run_without_a_terminal(
    written, plugin, monkeypatch
):
    answers(plugin, token="abc")
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(ApiRefused):
        await written(user=execution(mode="interactiveMode: Always")).credential.proof()

    assert not plugin.with_name("asked").exists()


async def test_a_plugin_that_hangs_is_ended(tmp_path):
    described = exec_credential.Plugin(("sleep", "600"), V1, {"PATH": "/usr/bin:/bin"}, "Never")
    credential = ExecCredential(described, kubeconfig.Context("", "https://a"), timeout=0.05)

    with pytest.raises(ApiFault):
        await credential.proof()

"""The webhook as API servers meet it: what they send, and what happens around it meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

import made_certificates
from e2e import images, machine
from e2e.clients import Kubectl, Skopeo
from e2e.webhook_host import POLICY, ScriptedRegistry, Webhook, patch_of, review, scripted_registry
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

REVIEWS = machine.ROOT / "tests" / "server" / "webhook" / "reviews"


@pytest.fixture
def registry() -> Iterator[ScriptedRegistry]:
    with scripted_registry() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, registry: ScriptedRegistry) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(f'registries: {{insecure: ["{registry.host}"]}}\n')
    return file


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Webhook]]:
    """Make one that is not started yet, and end it when the test is over."""
    made: list[Webhook] = []

    def one(policy: str, *flags: str | Path) -> Webhook:
        made.append(Webhook(tmp_path / "webhook", policy, ("--linger-seconds", "1", *flags)))
        return made[-1]

    yield one
    for each in made:
        each.stop()


@pytest.fixture
def webhook(make: Callable[..., Webhook], registry: ScriptedRegistry, site: Path) -> Webhook:
    """One that may look images up in the scripted registry."""
    policy = POLICY.format(host=registry.host)
    made = make(policy, "--no-cluster", "--site", site, "--inside", "127.0.0.0/8")
    made.start()
    return made


def test_reviews_of_all_releases_are_answered_and_what_is_none_is_refused(
    make: Callable[..., Webhook], tmp_path: Path
) -> None:
    audit_log = tmp_path / "audit.log"
    policy = (REVIEWS / "policy.yaml").read_text()
    server = make(policy, "--no-cluster", "--audit-log", audit_log)
    server.start()
    over = server.connect()
    for file in sorted(REVIEWS.glob("*.json")):
        for case in json.loads(file.read_text()):
            for path in ("/validate?timeout=10s", "/mutate?timeout=10s"):
                status, found = server.post(path, case["review"], over=over)
                named = f"{file.stem}/{case['id']}"
                assert status == 200, named
                assert found["apiVersion"] == case["review"]["apiVersion"], named
                assert found["response"]["uid"] == case["review"]["request"]["uid"], named
                assert found["response"]["allowed"] == case["expected"]["allowed"], named
                if not found["response"]["allowed"]:
                    causes = found["response"]["status"]["details"]["causes"]
                    assert [one["field"] for one in causes] == case["expected"]["fields"], named
    over.close()

    for body in (b"", b"{", b"[]", b"\xff", b"[" * 1_000_000, b'{"kind":"AdmissionReview"}'):
        assert server.post("/validate", body)[0] == 400
    assert server.announce("/validate", 9 << 20) == 413
    assert server.post("/v2/", b"{}")[0] == 404
    assert server.status("/readyz") == (200, "ok")
    metrics = server.status("/metrics")[1]
    assert 'wharfinger_admission_requests_total{review="mutate",verdict="refused"}' in metrics
    audit = [json.loads(line) for line in _lines(audit_log)]
    assert {entry["allowed"] for entry in audit} == {True, False}
    assert "Traceback" not in server.log.read_text()
    assert server.stop() == 0


def _lines(file: Path) -> list[str]:
    return machine.eventually("the audit log", lambda: file.read_text().splitlines() or None)


def test_registries_that_are_slow_or_gone_leave_the_verdict_to_the_policy(
    webhook: Webhook, registry: ScriptedRegistry
) -> None:
    image = f"{registry.host}/team/app:1"
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: webhook.ask("/mutate", review(image)), range(60)))
    (patch,) = {json.dumps(patch_of(answer)) for answer in answers}
    digest = registry.digest("/v2/team/app/manifests/1")
    (operation,) = json.loads(patch)
    assert operation["value"] == f"{registry.host}/team/app@{digest}"
    assert registry.manifests_asked().total() == 1

    registry.slow = threading.Event()
    late = webhook.ask("/mutate?timeout=1s", review(f"{registry.host}/team/late:1"))
    assert not late["allowed"]
    assert "no answer in the time" in late["status"]["message"]
    assert webhook.ask("/mutate?timeout=1s", review(image))["allowed"]

    flood = [f"{registry.host}/flood/app:{number}" for number in range(60)]
    with ThreadPoolExecutor(60) as pool:
        asked = [
            pool.submit(webhook.ask, "/mutate?timeout=2s", review(one, namespace="flood"))
            for one in flood
        ]
        assert webhook.ask("/mutate", review(image))["allowed"]
        assert not any(one.result()["allowed"] for one in asked)
    assert registry.most_waiting <= 20

    registry.slow.set()
    registry.close()
    gone = webhook.ask("/mutate?timeout=5s", review(f"{registry.host}/team/gone:1"))
    assert not gone["allowed"]
    assert webhook.ask("/mutate?timeout=1s", review(image))["allowed"]

    webhook.write_policy(POLICY.format(host=registry.host).replace("Required", "Attempt"))
    machine.eventually(
        "the new policy",
        lambda: True if "generation 2.0" in webhook.status("/metrics")[1] else None,
    )
    allowed = webhook.ask("/mutate?timeout=5s", review(f"{registry.host}/team/gone:2"))
    assert (allowed["allowed"], "patch" in allowed) == (True, False)

    webhook.write_policy("kind: [")
    stale = machine.eventually(
        "the fault to be told",
        lambda: text if "policy" in (text := webhook.status("/readyz?verbose")[1]) else None,
    )
    assert "[!]policy out of date" in stale
    assert webhook.status("/readyz") == (200, "ok")


def test_certificates_are_renewed_and_processes_killed_while_reviews_go_on(
    webhook: Webhook, registry: ScriptedRegistry
) -> None:
    image, evil = f"{registry.host}/team/app:1", "evil.example/x:1"
    ended, wrong = threading.Event(), []

    def keep_asking() -> int:
        count = 0
        while not ended.is_set():
            good, bad = webhook.ask("/mutate", review(image)), webhook.ask("/mutate", review(evil))
            if not good["allowed"] or bad["allowed"]:
                wrong.append((good, bad))
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(keep_asking) for _ in range(3)]
        try:
            for _ in range(2):
                wanted = webhook.renew()
                machine.eventually("the new certificate", partial(_shows, webhook, wanted))
            half = webhook.issue()
            (webhook.folder / "tls.crt").write_bytes(half.pem)
            machine.eventually(
                "the pair that does not fit",
                lambda: True if "certificate" in webhook.status("/readyz?verbose")[1] else None,
            )
            assert _shows(webhook, wanted)
            (webhook.folder / "tls.key").write_bytes(half.key_pem)
            machine.eventually(
                "the other half", lambda: _shows(webhook, half.certificate.serial_number)
            )
        finally:
            ended.set()
        assert all(one.result() > 0 for one in asking)
    assert wrong == []

    assert webhook.process is not None
    webhook.process.kill()
    webhook.start()
    assert webhook.ask("/mutate", review(image))["allowed"]

    registry.slow = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        last = pool.submit(webhook.ask, "/mutate?timeout=20s", review(f"{registry.host}/a/b:9"))
        machine.eventually("the question", lambda: True if registry.waiting else None)
        os.kill(webhook.process.pid, signal.SIGTERM)
        machine.eventually(
            "the end to be told", lambda: True if webhook.status("/readyz")[0] == 500 else None
        )
        assert webhook.ask("/mutate", review(image))["allowed"]
        registry.slow.set()
        assert last.result()["allowed"]
    assert webhook.stop() == 0


def _shows(webhook: Webhook, number: int) -> bool | None:
    pem = ssl.get_server_certificate(("127.0.0.1", webhook.port))
    found = x509.load_pem_x509_certificate(pem.encode()).serial_number
    return True if found == number else None


def test_who_shows_no_certificate_of_the_api_server_is_turned_away(
    make: Callable[..., Webhook], tmp_path: Path
) -> None:
    clients = made_certificates.authority("Clients CA")
    file = tmp_path / "clients.crt"
    file.write_bytes(clients.pem)
    flags = ("--no-cluster", "--audit-log=-", "--client-ca", file)
    server = make((REVIEWS / "policy.yaml").read_text(), *flags)
    server.start()
    known = made_certificates.client(clients)

    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        server.post("/validate", review("docker.io/library/nginx"))
    with closing(server.connect(known)) as over:
        status, found = server.post("/validate", review("docker.io/library/nginx"), over=over)

    assert (status, found["response"]["allowed"]) == (200, True)
    assert server.status("/readyz") == (200, "ok")
    machine.eventually(
        "the decision to be told", lambda: '"user":"ada"' in server.log.read_text() or None
    )
    assert server.stop() == 0


def test_a_cluster_gives_exemptions_and_the_logins_that_a_pod_pulls_with(
    make: Callable[..., Webhook], tmp_path: Path, wharf: Wharf, admin: Kubectl, project: str
) -> None:
    admin("create", "namespace", project).check()
    folder = tmp_path / "image"
    images.multi_arch_layout(folder, ("amd64",))
    image = f"{wharf.host}/{project}/app:1"
    skopeo = Skopeo(tmp_path, wharf, wharf.admin_token())
    skopeo.copy(f"oci:{folder}", f"docker://{image}", "--all").check()
    site = tmp_path / "site.yaml"
    site.write_text(f'trust: {{registries: {{"{wharf.host}": {{ca: "{wharf.authority}"}}}}}}\n')
    policy = POLICY.format(host=wharf.host).replace("RequiredRewrite", "AttemptRewrite")
    server = make(
        policy, "--kubeconfig", wharf.kubeconfig, "--site", site, "--inside", "127.0.0.0/8"
    )
    server.start()

    ours = machine.eventually(
        "the account to have its secrets",
        lambda: _patched(server.ask("/mutate", review(image, namespace=project))),
    )
    assert ours[0]["path"] == "/spec/containers/0/image"
    assert f"{wharf.host}/{project}/app@sha256:" in ours[0]["value"]
    other = server.ask("/mutate", review(image, namespace="default"))
    assert "patch" not in other, "another namespace has no login for it"

    evil = review("evil.example/x:1", namespace=project)
    server.write_policy(f"{server.policy}  reject: true\n  invertMatch: true\n")
    machine.eventually(
        "a refusal", lambda: True if not server.ask("/validate", evil)["allowed"] else None
    )
    annotation = "alpha.image.policy.openshift.io/ignore-rules=known"
    admin("annotate", "namespace", project, annotation).check()
    machine.eventually(
        "the exemption", lambda: True if server.ask("/validate", evil)["allowed"] else None
    )
    assert server.stop() == 0


def _patched(response: dict[str, object]) -> list[dict[str, str]] | None:
    return patch_of(response) if "patch" in response else None

import asyncio
import json

import pytest

from wharfinger.errors import Unavailable
from wharfinger.policy.imagepolicy import decision
from wharfinger.server import limits
from wharfinger.server.webhook import judge
from wharfinger.server.webhook.room import NoRoom, Room

REWRITE = """
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
resolveImages: {mode}
executionRules:
- name: ours
  matchRegistries: [hub.test]
"""
LABELS = """
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
resolveImages: Attempt
executionRules:
- name: approved
  matchDockerImageLabels:
  - {key: approved, value: "yes"}
"""


@pytest.fixture
def rewriting(webhook):
    webhook.digest = webhook.registries.image("hub.test/team/app:1")
    return webhook.policy(REWRITE.format(mode="RequiredRewrite"))


async def test_a_tag_is_rewritten_to_the_digest_that_it_means(rewriting, made):
    obj = made.pod("hub.test/team/app:1")

    response = await rewriting.ask("/mutate", made.review(obj))

    assert response["allowed"]
    exact = f"hub.test/team/app@{rewriting.digest}"
    assert made.patched(obj, response) == made.pod(exact)
    assert exact in response["auditAnnotations"]["images"]


async def test_what_is_rewritten_is_not_rewritten_again(rewriting, made):
    obj = made.pod("hub.test/team/app:1")
    once = made.patched(obj, await rewriting.ask("/mutate", made.review(obj)))

    again = await rewriting.ask("/mutate", made.review(once))

    assert again["allowed"]
    assert "patch" not in again
    assert (await rewriting.ask("/validate", made.review(once)))["allowed"]


async def test_an_image_that_a_later_webhook_puts_in_is_judged_when_we_are_asked_again(
    rewriting, made
):
    obj = made.pod("hub.test/team/app:1")
    once = made.patched(obj, await rewriting.ask("/mutate", made.review(obj)))
    once["spec"]["containers"].append({"name": "proxy", "image": "evil.test/proxy:1"})

    again = await rewriting.ask("/mutate", made.review(once))

    assert not again["allowed"]
    assert again["status"]["details"]["causes"][0]["field"] == "spec.containers[1].image"


async def test_a_validating_review_changes_nothing(rewriting, made):
    response = await rewriting.ask("/validate", made.review(made.pod("hub.test/team/app:1")))

    assert "patch" not in response


async def test_a_list_of_ephemeral_containers_is_rewritten_where_it_stands(rewriting, made):
    obj = {
        "kind": "EphemeralContainers",
        "metadata": {"name": "web"},
        "ephemeralContainers": [{"name": "debug", "image": "hub.test/team/app:1"}],
    }
    asked = made.review(obj, operation="UPDATE", old={**obj, "ephemeralContainers": []})
    asked["request"]["subResource"] = "ephemeralcontainers"

    response = await rewriting.ask("/mutate", asked)

    changed = made.patched(obj, response)
    assert changed["ephemeralContainers"][0]["image"].endswith(rewriting.digest)
    assert set(changed) == set(obj)


@pytest.mark.parametrize(
    ("mode", "allowed", "rewritten"),
    [
        ("DoNotAttempt", True, False),
        ("Attempt", True, False),
        ("AttemptRewrite", True, True),
        ("Required", True, False),
        ("RequiredRewrite", True, True),
    ],
)
async def test_what_resolves_is_rewritten_where_the_policy_says_so(
    rewriting, made, mode, allowed, rewritten
):
    rewriting.policy(REWRITE.format(mode=mode))
    response = await rewriting.ask("/mutate", made.review(made.pod("hub.test/team/app:1")))

    assert (response["allowed"], "patch" in response) == (allowed, rewritten)


@pytest.mark.parametrize("mode", ["Attempt", "AttemptRewrite", "Required", "RequiredRewrite"])
@pytest.mark.parametrize("fault", ["absent", "down", "slow"])
async def test_what_does_not_resolve_is_refused_only_where_it_is_required(
    webhook, made, mode, fault
):
    webhook.policy(REWRITE.format(mode=mode))
    if fault == "down":
        webhook.registries.error = Unavailable("no connection")
    if fault == "slow":
        webhook.registries.image("hub.test/team/app:1")
        webhook.registries.gate = asyncio.Event()

    asked = made.review(made.pod("hub.test/team/app:1"))
    response = await webhook.ask("/mutate?timeout=100ms", asked)

    assert response["allowed"] == mode.startswith("Attempt")
    assert "patch" not in response
    if not response["allowed"]:
        assert response["status"]["code"] == 422


async def test_a_slow_registry_gives_one_verdict_to_all_who_ask_the_same(webhook, made):
    webhook.policy(REWRITE.format(mode="RequiredRewrite"))
    digest = webhook.registries.image("hub.test/team/app:1")
    webhook.registries.gate = asyncio.Event()
    app = webhook.app()
    asked = made.review(made.pod("hub.test/team/app:1"))
    reviews = [asyncio.create_task(webhook.ask("/mutate", asked, app=app)) for _ in range(200)]
    for _ in range(10):
        await asyncio.sleep(0)
    webhook.registries.gate.set()
    answers = {json.dumps(await one) for one in reviews}

    assert len(answers) == 1
    assert digest in answers.pop()
    assert webhook.registries.asked["digest"] == 1


async def test_labels_of_the_config_decide(webhook, made):
    webhook.registries.image("hub.test/team/good:1", {"approved": "yes"})
    webhook.registries.image("hub.test/team/bad:1", {"approved": "no"})
    webhook.policy(LABELS)

    good = await webhook.ask("/validate", made.review(made.pod("hub.test/team/good:1")))
    bad = await webhook.ask("/validate", made.review(made.pod("hub.test/team/bad:1")))

    assert (good["allowed"], bad["allowed"]) == (True, False)


async def test_a_namespace_switches_off_rules_by_its_annotation(webhook, made):
    webhook.policy(LABELS.replace("approved\n", "first\n") + "  reject: true\n")
    webhook.registries.image("hub.test/team/app:1", {"approved": "yes"})
    asked = made.review(made.pod("hub.test/team/app:1"))
    assert not (await webhook.ask("/validate", asked))["allowed"]

    webhook.cluster.objects["namespaces", "", "demo"] = {
        "metadata": {"annotations": {decision.IGNORE_RULES: "first"}}
    }

    assert (await webhook.ask("/validate", asked))["allowed"]


async def test_a_namespace_that_cannot_be_read_switches_off_nothing(webhook, made):
    webhook.policy(REWRITE.format(mode="DoNotAttempt"))
    webhook.cluster.error = Unavailable("no answer")

    response = await webhook.ask("/validate", made.review(made.pod("evil.test/x:1")))

    assert not response["allowed"]
    assert webhook.counted("wharfinger_namespaces_unread_total") == 1


async def test_a_refusal_says_why_and_what_to_do(rewriting, made):
    rewriting.policy(REWRITE.format(mode="DoNotAttempt"))
    response = await rewriting.ask("/validate", made.review(made.pod("evil.test/x:1")))

    assert response["status"]["message"].startswith('Pod "web" is invalid: spec.containers[0]')
    assert "ours" in response["warnings"][0]
    assert response["auditAnnotations"]["decision"] == "refuse"


async def test_each_decision_is_kept_with_who_and_what_and_why(rewriting, made):
    await rewriting.ask("/mutate", made.review(made.pod("hub.test/team/app:1"), dryRun=True))
    await rewriting.ask("/validate", made.review(made.pod("evil.test/x:1")))
    await rewriting.ask("/validate", made.review({"kind": "Pod"}, operation="DELETE"))

    first, second = rewriting.audit
    assert (first["user"], first["namespace"], first["name"]) == ("ada", "demo", "web")
    assert (first["allowed"], first["dryRun"], first["images"][0]["rule"]) == (True, True, "ours")
    assert first["images"][0]["rewritten"].endswith(rewriting.digest)
    assert (second["allowed"], second["images"][0]["image"]) == (False, "evil.test/x:1")


async def test_reviews_are_counted_by_what_was_decided(rewriting, made):
    app = rewriting.app()
    await rewriting.ask("/mutate", made.review(made.pod("hub.test/team/app:1")), app=app)
    await rewriting.ask("/validate", made.review(made.pod("evil.test/x:1")), app=app)
    await rewriting.ask("/validate", made.review({"kind": "Pod"}, operation="DELETE"), app=app)

    total = "wharfinger_admission_requests_total"
    assert rewriting.counted(total, review="mutate", verdict="allowed") == 1
    assert rewriting.counted(total, review="validate", verdict="refused") == 1
    assert rewriting.counted(total, review="validate", verdict="passed") == 1
    assert rewriting.counted("wharfinger_image_resolutions_total", result="resolved") >= 1


# Image reviews


async def test_an_image_review_is_judged_as_a_pod(rewriting):
    spec = {"containers": [{"image": "hub.test/team/app:1"}, {"image": "evil.test/x"}]}
    asked = {
        "kind": "ImageReview",
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "spec": {**spec, "annotations": {"a.image-policy.k8s.io/b": "c"}, "namespace": "demo"},
    }

    refused = (await rewriting.post("/image-review", asked)).json()
    del spec["containers"][1]
    asked["spec"] = {**spec, "namespace": "demo"}
    allowed = (await rewriting.post("/image-review", asked)).json()

    assert refused["status"]["allowed"] is False
    assert refused["status"]["reason"].startswith("evil.test/x: ")
    assert allowed == {
        "kind": "ImageReview",
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "status": {"allowed": True},
    }


# What is no review


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"kind": "Pod", "apiVersion": "v1"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": []}',
        b"[" * 100_000,
        b'{"kind": "AdmissionReview", "request": ' + b'{"a":' * 100_000,
    ],
)
@pytest.mark.parametrize("path", ["/validate", "/mutate", "/image-review"])
async def test_what_is_no_review_is_refused(rewriting, path, body):
    answer = await rewriting.post(path, body)

    assert (answer.status, answer.json()["code"]) == (400, "not-a-review")


@pytest.mark.parametrize(
    "change",
    [
        {"uid": ""},
        {"uid": "x" * 129},
        {"uid": None},
        {"operation": "WATCH"},
        {"object": None},
        {"object": [1]},
        {"object": "text"},
        {"kind": None},
    ],
)
async def test_a_request_that_lacks_what_it_needs_is_refused(rewriting, made, change):
    answer = await rewriting.post("/validate", made.review(made.pod("a"), **change))

    assert answer.status == 400


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "x",
        {"containers": None},
        {"containers": "x"},
        {"containers": [None]},
        {"containers": [{"name": "a", "image": None}]},
        {"containers": [{"name": "a", "image": 7}]},
        {"containers": [{"name": "a", "image": "x" * 5000}]},
        {"containers": [{"name": "a", "image": "hub.test/team/app:1\n"}]},
        {"containers": [{"name": "a"}, {"name": "a"}], "serviceAccountName": []},
    ],
)
async def test_an_object_that_makes_no_sense_gets_an_answer(rewriting, made, spec):
    response = await rewriting.ask("/validate", made.review({**made.pod(), "spec": spec}))

    assert response["uid"] == "u-1"


async def test_a_bug_refuses_and_shows_nothing_of_itself(rewriting, made, caplog):
    def breaks(*_, **__):
        raise ValueError("a secret detail")

    rewriting.registries.source = breaks
    response = await rewriting.ask("/mutate", made.review(made.pod("hub.test/team/app:1")))

    assert (response["allowed"], response["status"]["code"]) == (False, 500)
    assert "secret" not in response["status"]["message"]
    assert "a secret detail" in caplog.text
    total = "wharfinger_admission_requests_total"
    assert rewriting.counted(total, review="mutate", verdict="error") == 1


async def test_only_json_is_read(rewriting, made):
    asked = made.review(made.pod("hub.test/team/app:1"))
    wrong = await rewriting.post("/validate", asked, headers={"content-type": "text/plain"})
    fine = {"content-type": "application/json; charset=utf-8"}
    right = await rewriting.post("/validate", asked, headers=fine)

    assert (wrong.status, right.status) == (400, 200)


async def test_a_body_that_is_too_large_is_not_read(rewriting, made):
    announced = {"content-length": str(limits.MAX_REVIEW_BYTES + 1)}
    by_its_head = await rewriting.post("/validate", b"{}", headers=announced)
    by_itself = await rewriting.post(
        "/validate", b" " * (limits.MAX_REVIEW_BYTES + 1), headers={"content-length": "x"}
    )

    assert (by_its_head.status, by_itself.status) == (413, 413)


async def test_reviews_are_posted_and_nothing_else_is_there(rewriting, call):
    app = rewriting.app()

    assert (await call(app, "GET", "/validate")).status == 405
    assert (await call(app, "GET", "/")).status == 404
    assert (await call(app, "GET", "/v2/")).status == 404
    assert (await call(app, "GET", "/readyz")).status == 200
    assert b"wharfinger_policy_generation 1.0" in (await call(app, "GET", "/metrics")).body


async def test_who_finds_no_room_comes_again_later(rewriting, made):
    answer = await rewriting.post(
        "/validate", made.review(made.pod("a")), app=rewriting.app(room=Room(10))
    )

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_room_comes_back():
    room = Room(10)
    with room.take(10), pytest.raises(NoRoom), room.take(1):
        pass
    with room.take(10):
        pass


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("10s", 9.0),
        ("1s", 0.75),
        ("30s", 27.0),
        ("90s", 27.0),
        ("2m", 27.0),
        ("100ms", 0.05),
        ("", 9.0),
        ("-3s", 9.0),
        ("soon", 9.0),
        ("1h", 9.0),
    ],
)
def test_we_take_less_than_the_caller_waits(timeout, seconds):
    assert judge.budget(timeout) == pytest.approx(seconds)

import base64
import json

import pytest

from wharfinger.images.lookup import pull_accounts
from wharfinger.images.lookup.pull_accounts import PullAccount


def config(registry, user):
    auths = {"auths": {registry: {"username": user, "password": "pw"}}}
    return {
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(json.dumps(auths).encode()).decode()},
    }


def holding(objects):
    async def get(resource, namespace, name):
        return objects.get((resource, namespace, name))

    return get


SPEC = {
    "containers": [{"image": "a"}],
    "serviceAccountName": "builder",
    "imagePullSecrets": [{"name": "one"}, {"name": ""}, None, {"name": "two"}],
}


@pytest.mark.parametrize(
    "found",
    [
        {"spec": SPEC},
        {"template": {"spec": SPEC}},
        {"spec": {"template": {"spec": SPEC}}},
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": SPEC}}}}},
    ],
)
def test_the_account_and_secrets_are_those_of_the_pods(found):
    assert pull_accounts.of_object(found) == PullAccount("builder", ("one", "two"))


def test_a_pod_that_names_no_account_runs_under_the_default_one():
    assert pull_accounts.of_object({"spec": {"containers": []}}) == PullAccount("default", ())


def test_a_build_pulls_with_its_secret_and_the_account_of_builds():
    build = {"spec": {"strategy": {"dockerStrategy": {"pullSecret": {"name": "mine"}}}}}

    assert pull_accounts.of_object(build) == PullAccount("builder", ("mine",))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"spec": None},
        {"spec": []},
        {"spec": {"containers": None, "serviceAccountName": 7, "imagePullSecrets": "x"}},
        {"spec": {"strategy": "x", "template": 3}},
        {"template": {"spec": "x"}},
    ],
)
def test_nonsense_means_the_default_account(found):
    assert pull_accounts.of_object(found) == PullAccount()


async def test_the_logins_are_those_of_the_pod_and_of_its_account():
    get = holding(
        {
            ("serviceaccounts", "demo", "runner"): {"imagePullSecrets": [{"name": "account"}]},
            ("secrets", "demo", "account"): config("quay.test", "account"),
            ("secrets", "demo", "pod"): config("hub.test", "pod"),
            ("secrets", "demo", "other"): config("hub.test", "nobody"),
            ("secrets", "demo", "broken"): {**config("hub.test", "x"), "data": {}},
            ("secrets", "demo", "opaque"): {**config("hub.test", "x"), "type": "Opaque"},
        }
    )
    puller = PullAccount("runner", ("pod", "absent", "broken", "opaque"))

    keyring = await pull_accounts.keyring(get, "demo", puller)

    assert [one.username for one in keyring.lookup("hub.test/app")] == ["pod"]
    assert [one.username for one in keyring.lookup("quay.test/app")] == ["account"]


async def test_an_account_that_is_not_there_has_no_logins():
    keyring = await pull_accounts.keyring(holding({}), "demo", PullAccount())

    assert keyring.lookup("hub.test/app") == []

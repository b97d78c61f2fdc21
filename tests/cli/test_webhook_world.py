import pytest

from wharfinger.cli.webhook_world import KubeCluster
from wharfinger.errors import NotFound
from wharfinger.maintenance.api import ApiFault, ApiRefused


class FakeApi:
    """Answers by path; an error is raised."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    async def ask(self, method, path):
        assert method == "GET", "a webhook changes nothing"
        self.asked.append(path)
        found = self.answers.get(path, NotFound("cannot read it"))
        if isinstance(found, Exception):
            raise found
        return found


async def test_objects_are_read_where_they_are():
    account = {"metadata": {"name": "default"}}
    api = FakeApi(
        {
            "/api/v1/namespaces/demo/serviceaccounts/default": account,
            "/apis/image.openshift.io/v1": {},
        }
    )
    cluster = KubeCluster(api)

    assert await cluster.get("", "v1", "serviceaccounts", "demo", "default") == account
    assert await cluster.get("", "v1", "namespaces", "", "demo") is None
    assert await cluster.serves("image.openshift.io", "v1")
    assert not await cluster.serves("route.openshift.io", "v1")


@pytest.mark.parametrize(
    "name", ["..", ".", "../../x", "a/b", "a?watch=1", "a#b", "%2e%2e", "", "a\n", "x" * 500]
)
async def test_what_is_no_name_is_not_asked_for(name):
    api = FakeApi({})
    cluster = KubeCluster(api)

    assert await cluster.get("", "v1", "secrets", "demo", name) is None
    assert await cluster.get("", "v1", "secrets", name or "..", "a") is None
    assert api.asked == []


async def test_what_may_not_be_read_is_as_if_it_were_not_there_and_told_once(caplog):
    refused = ApiRefused("cannot read it: 403 Forbidden", status=403)
    paths = [f"/api/v1/namespaces/demo/secrets/{name}" for name in "ab"]
    cluster = KubeCluster(FakeApi(dict.fromkeys(paths, refused)))

    assert await cluster.get("", "v1", "secrets", "demo", "a") is None
    assert await cluster.get("", "v1", "secrets", "demo", "b") is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "error",
    [ApiFault("cannot ask"), ApiRefused("cannot ask: 401 Unauthorized", status=401)],
)
async def test_where_nobody_can_say_it_is_an_error(error):
    cluster = KubeCluster(FakeApi({"/api/v1/namespaces/demo": error}))

    with pytest.raises(type(error)):
        await cluster.get("", "v1", "namespaces", "", "demo")

"""
An administrator hands out rights with stock kubectl, and stock docker gets exactly those.

Each test runs with both generations of kubectl and with both of docker.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from e2e.clients import Docker, Kubectl
from e2e.machine import Done
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

Build = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Project:
    """A project made by the administrator, and its accounts' tokens by role."""

    name: str
    kubectl: Kubectl

    def token(self, role: str) -> str:
        """The token of a new service account that has `role` in this project."""
        account = role.replace(":", "-")
        self("create", "serviceaccount", account).check()
        grantee = f"--serviceaccount={self.name}:{account}"
        self("create", "rolebinding", account, f"--clusterrole={role}", grantee).check()
        return self.kubectl.token(self.name, account)

    def __call__(self, *words: str) -> Done:
        return self.kubectl("-n", self.name, *words)


@pytest.fixture
def harbour(kubectl: Kubectl, project: str) -> Project:
    kubectl("create", "namespace", project).check()
    return Project(project, kubectl)


def test_an_editor_pushes_and_pulls_by_tag_and_by_digest(
    wharf: Wharf, harbour: Project, docker: Docker, built: Build
) -> None:
    name = f"{wharf.host}/{harbour.name}/app"
    image = built(f"{name}:1")
    docker.login(wharf.host, harbour.token("registry-editor")).check()

    digest = docker.pushed_digest(docker("push", image))

    docker.forget(image)
    docker("pull", image).check()
    docker.forget(image)
    docker("pull", f"{name}@{digest}").check()
    assert digest in docker("image", "inspect", f"{name}@{digest}").check()


def test_a_viewer_pulls_and_is_refused_the_push(
    wharf: Wharf, harbour: Project, docker: Docker, built: Build
) -> None:
    image = built(f"{wharf.host}/{harbour.name}/app:1")
    docker.login(wharf.host, harbour.token("registry-editor")).check()
    docker("push", image).check()
    docker.forget(image)

    docker.login(wharf.host, harbour.token("registry-viewer")).check()

    docker("pull", image).check()
    refused = docker("push", built(f"{wharf.host}/{harbour.name}/app:2"))
    assert not refused.ok
    assert "denied" in refused.err


def test_a_stranger_sees_of_a_project_what_it_would_see_of_none(
    wharf: Wharf, harbour: Project, kubectl: Kubectl, docker: Docker, built: Build
) -> None:
    image = built(f"{wharf.host}/{harbour.name}/app:1")
    docker.login(wharf.host, harbour.token("registry-editor")).check()
    digest = docker.pushed_digest(docker("push", image))
    kubectl("create", "namespace", f"{harbour.name}-other").check()
    stranger = Project(f"{harbour.name}-other", kubectl).token("registry-editor")
    docker.login(wharf.host, stranger).check()

    def refusals(repository: str) -> list[str]:
        name = f"{wharf.host}/{repository}"
        attempts = [docker("pull", f"{name}:1"), docker("push", built(f"{name}:2"))]
        assert not any(attempt.ok for attempt in attempts)
        return [attempt.err.replace(repository, "REPOSITORY") for attempt in attempts]

    assert refusals(f"{harbour.name}/app") == refusals("nowhere/app")
    for method, path in (
        ("GET", "manifests/1"),
        ("HEAD", "manifests/1"),
        ("GET", f"manifests/{digest}"),
        ("GET", f"blobs/{digest}"),
        ("GET", "tags/list"),
        ("POST", "blobs/uploads/"),
        ("PUT", "manifests/2"),
        ("DELETE", "manifests/1"),
    ):
        real = answer(wharf, stranger, method, f"{harbour.name}/app", path)
        assert real == answer(wharf, stranger, method, f"{harbour.name}/none", path)
        assert real == answer(wharf, stranger, method, "nowhere/app", path)
        assert real[0] in (403, 404)


def test_anonymous_pull_works_only_after_the_grant(
    wharf: Wharf, harbour: Project, docker: Docker, built: Build
) -> None:
    image = built(f"{wharf.host}/{harbour.name}/app:1")
    docker.login(wharf.host, harbour.token("registry-editor")).check()
    docker("push", image).check()
    docker.forget(image)
    docker("logout", wharf.host).check()
    assert not docker("pull", image).ok

    grant = ("--clusterrole=registry-viewer", "--group=system:unauthenticated")
    harbour("create", "rolebinding", "anyone", *grant).check()

    docker("pull", image).check()
    assert not docker("push", image).ok
    docker.forget(image)
    harbour("delete", "rolebinding", "anyone").check()
    assert not docker("pull", image).ok


def test_a_revoked_right_and_a_deleted_account_are_refused_by_the_next_request(
    wharf: Wharf, harbour: Project, docker: Docker, built: Build
) -> None:
    image = built(f"{wharf.host}/{harbour.name}/app:1")
    docker.login(wharf.host, harbour.token("registry-editor")).check()
    docker("push", image).check()

    harbour("delete", "rolebinding", "registry-editor").check()

    assert not docker("push", built(f"{wharf.host}/{harbour.name}/app:2")).ok
    harbour("delete", "serviceaccount", "registry-editor").check()
    harbour("create", "serviceaccount", "registry-editor").check()
    login = docker.login(wharf.host, stored_token(docker, wharf))
    assert not login.ok


def stored_token(docker: Docker, wharf: Wharf) -> str:
    """The token that the last login left in docker's own file."""
    config = json.loads((docker.config / "config.json").read_text())
    basic = base64.b64decode(config["auths"][wharf.host]["auth"]).decode()
    return basic.partition(":")[2]


def answer(
    wharf: Wharf, token: str, method: str, repository: str, path: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body, with the name asked for and the hour taken out."""
    basic = base64.b64encode(f"anyone:{token}".encode()).decode()
    request = urllib.request.Request(
        f"{wharf.url}/v2/{repository}/{path}",
        method=method,
        headers={
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/vnd.oci.image.manifest.v1+json",
        },
        data=b"{}" if method == "PUT" else None,
    )
    try:
        found = urllib.request.urlopen(request, timeout=10, context=wharf.context())
    except urllib.error.HTTPError as error:
        found = error
    with found:
        body = found.read().decode()
        changing = ("date", "x-request-id", "content-length")
        headers = {
            name.lower(): value.replace(repository, "REPOSITORY")
            for name, value in found.headers.items()
            if name.lower() not in changing
        }
        return found.status, headers, body.replace(repository, "REPOSITORY")

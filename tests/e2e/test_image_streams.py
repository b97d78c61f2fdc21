"""Streams follow what stock clients push, tag and delete: kubectl on one side, skopeo on the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e import clients, images, machine
from e2e.clients import Kubectl, Skopeo
from e2e.machine import Done
from e2e.registry_api import RegistryApi
from e2e.wharf import WHARF, Wharf

pytestmark = pytest.mark.e2e

DENY = "images.openshift.io/deny-execution"


def stream_tag(name: str, source: str, namespace: str = "") -> str:
    """An ImageStreamTag as `oc tag` makes it."""
    origin = {"kind": "ImageStreamTag", "name": source, "namespace": namespace}
    metadata = {"name": name}
    tag = {"name": "", "from": origin, "referencePolicy": {"type": "Source"}}
    kind = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag"}
    return json.dumps({**kind, "metadata": metadata, "tag": tag})


def test_streams_follow_what_is_pushed_tagged_and_deleted(
    wharf: Wharf, admin: Kubectl, project: str, tmp_path: Path
) -> None:
    other = f"{project}-b"
    skopeo = Skopeo(tmp_path / "skopeo", wharf, wharf.admin_token())
    digest = images.multi_arch_layout(tmp_path / "one", ("amd64", "arm64"))
    second = images.multi_arch_layout(tmp_path / "two", ("amd64",))
    for name in (project, other):
        admin("create", "namespace", name).check()

    def here(*words: str, given: str | None = None, namespace: str = project) -> Done:
        return admin("-n", namespace, *words, given=given)

    def push(layout: str, name: str) -> None:
        target = f"docker://{wharf.host}/{name}"
        skopeo.copy(f"oci:{tmp_path / layout}", target, "--all").check()

    def pulled(name: str) -> str | None:
        """The digest that a client gets."""
        found = skopeo.inspect(f"docker://{wharf.host}/{name}", "--raw")
        return images.digest_of(found.out.encode()) if found.code == 0 else None

    def read(what: str) -> Any:
        return json.loads(here("get", what, "-o", "json").check())

    # A push is in the stream, and its image is known.
    push("one", f"{project}/app:1")
    table = here("get", "is").check()
    assert table.split()[:5] == ["NAME", "IMAGE", "REPOSITORY", "TAGS", "UPDATED"]
    assert f"{wharf.host}/{project}/app" in table
    assert f"{wharf.host}/{project}/app@{digest}" in here("get", "istag").check()
    assert digest in admin("get", "images").check()
    children = read("istag/app:1")["image"]["dockerImageManifests"]
    assert {one["architecture"] for one in children} == {"amd64", "arm64"}

    # A note on an image outlives another push.
    admin("annotate", "image", digest, f"{DENY}=true").check()
    push("one", f"{project}/app:2")
    assert read("istag/app:2")["image"]["metadata"]["annotations"][DENY] == "true"
    push("two", f"{project}/app:2")
    history = read("is/app")["status"]["tags"][1]["items"]
    assert [event["image"] for event in history] == [second, digest]
    assert read(f"isimage/app@{digest[:15]}")["image"]["metadata"]["name"] == digest

    # A tag that copies another is pulled by its new name at once; deleted, it is gone.
    here("create", "-f", "-", given=stream_tag("prod:live", "app:1")).check()
    assert pulled(f"{project}/prod:live") == digest
    here("delete", "istag", "app:1").check()
    assert pulled(f"{project}/app:1") is None
    assert pulled(f"{project}/prod:live") == digest

    # From another project it takes the right to pull there.
    account = f"system:serviceaccount:{other}:default"
    here("create", "rolebinding", "edit", "--clusterrole=edit", f"--serviceaccount={other}:default",
         namespace=other).check()  # fmt: skip
    theirs = stream_tag("app:theirs", "prod:live", project)
    refused = here("create", "-f", "-", f"--as={account}", given=theirs, namespace=other)
    assert "spec.tags[theirs].from: Forbidden" in refused.err
    here("create", "rolebinding", "pull", "--clusterrole=system:image-puller",
         f"--serviceaccount={other}:default").check()  # fmt: skip
    here("create", "-f", "-", f"--as={account}", given=theirs, namespace=other).check()
    assert pulled(f"{other}/app:theirs") == digest
    assert "forbidden" in here("get", "images", f"--as={account}", namespace=other).err

    # What is deleted in the registry is gone from the stream, and the other way round.
    repo = (WHARF, "repo", "delete", f"{project}/app", "--kubeconfig", wharf.kubeconfig)
    machine.run(*repo).check()
    assert "tags" not in read("is/app")["status"]
    here("delete", "is", "prod").check()
    assert pulled(f"{project}/prod:live") is None
    assert pulled(f"{other}/app:theirs") == digest


async def test_a_server_that_was_killed_and_comes_back_under_another_address_repairs_its_streams(
    tmp_path: Path,
) -> None:
    server = Wharf(tmp_path / "state")
    server.start()
    try:
        kubectl = clients.kubectl(clients.KUBECTLS[0], server, tmp_path / "kubectl")
        kubectl("create", "namespace", "harbour").check()
        manifest, contents = images.random_image(limit=1000)
        token = server.admin_token()
        async with RegistryApi.connect(server.url, token, server.context()) as registry:
            assert await registry.put_image("harbour/app", "1", manifest, contents) == 201
    finally:
        server.kill()
    moved = Wharf(tmp_path / "state")
    moved.start()
    try:
        path = "jsonpath={.status.dockerImageRepository} {.status.tags[0].items[0].dockerImageReference}"
        kubectl = clients.kubectl(clients.KUBECTLS[0], moved, tmp_path / "kubectl")
        place = f"{moved.host}/harbour/app"
        told = f"{place} {place}@{images.digest_of(manifest)}"

        def repaired() -> bool | None:
            return kubectl("-n", "harbour", "get", "is", "app", "-o", path).out == told or None

        machine.eventually("the stream to name the new address", repaired)
    finally:
        moved.stop()

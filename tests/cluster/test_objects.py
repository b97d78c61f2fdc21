from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import (
    BadRequest,
    ObjectConflict,
    ObjectExists,
    ObjectForbidden,
    ObjectInvalid,
    ObjectNotFound,
    ObjectTooLarge,
    PatchFailed,
)
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE, ROLE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.workloads.job import JOB
from wharfinger.cluster.kinds.workloads.replication_controller import REPLICATION_CONTROLLER
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import (
    DeleteOptions,
    FieldValidation,
    ListOptions,
    Options,
    Propagation,
)
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.selector import Selector, parse_labels
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
async def objects() -> AsyncIterator[Objects]:
    cache = await Cache.open(MemoryStore())
    objects = Objects(cache, (NamespaceLifecycle(cache),), now=lambda: NOON)
    await objects.create(NAMESPACE, "", {"metadata": {"name": "dock"}}, SYSTEM)
    yield objects
    await cache.close()


def config(name: str = "a", **more: object) -> Object:
    return {"metadata": {"name": name}, "data": {"k": "v"}, **more}


async def make(objects: Objects, name: str = "a", **metadata: object) -> Object:
    obj = {"metadata": {"name": name, **metadata}, "data": {"k": "v"}}
    return await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)


# create


async def test_a_new_object_gets_what_the_server_knows(objects: Objects):
    made = await make(objects)

    metadata = made["metadata"]
    assert (made["apiVersion"], made["kind"]) == ("v1", "ConfigMap")
    assert metadata["namespace"] == "dock"
    assert metadata["creationTimestamp"] == "2026-05-01T12:00:00Z"
    assert len(metadata["uid"]) == 36
    assert metadata["resourceVersion"] == str(objects.cache.revision)
    assert "generation" not in metadata
    assert objects.get(CONFIG_MAP, "dock", "a") == made


async def test_a_client_has_no_say_in_what_the_server_knows(objects: Objects):
    said = {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "generation": 7,
        "selfLink": "/mine",
        "managedFields": [{"manager": "me"}],
    }

    metadata = (await make(objects, **said))["metadata"]

    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2026-05-01T12:00:00Z"
    assert not {"deletionTimestamp", "generation", "selfLink"} & metadata.keys()
    assert [one["manager"] for one in metadata["managedFields"]] == ["wharfinger"]


async def test_a_name_is_taken_once(objects: Objects):
    await make(objects)

    with pytest.raises(ObjectExists, match='configmaps "a" already exists'):
        await make(objects)


async def test_of_rival_creations_one_wins(objects: Objects):
    results = await asyncio.gather(*(make(objects) for _ in range(10)), return_exceptions=True)

    assert sum(isinstance(result, dict) for result in results) == 1
    assert sum(isinstance(result, ObjectExists) for result in results) == 9


async def test_a_name_is_generated_until_one_is_free(objects: Objects):
    suffixes = iter(["aaaaa", "aaaaa", "bbbbb"])
    generating = Objects(objects.cache, suffix=lambda: next(suffixes))
    obj = {"metadata": {"generateName": "job-"}}

    first = await generating.create(CONFIG_MAP, "dock", obj, SYSTEM)
    second = await generating.create(CONFIG_MAP, "dock", obj, SYSTEM)

    assert first["metadata"]["name"] == "job-aaaaa"
    assert second["metadata"]["name"] == "job-bbbbb"


async def test_a_long_prefix_is_cut_to_leave_room(objects: Objects):
    obj = {"metadata": {"generateName": "x" * 80}}

    made = await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)

    assert len(made["metadata"]["name"]) == 63


async def test_a_version_on_a_new_object_is_refused(objects: Objects):
    with pytest.raises(BadRequest, match="resourceVersion should not be set"):
        await make(objects, resourceVersion="7")


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"metadata": {"name": "a", "namespace": "quay"}}, "does not match the namespace"),
        ({"apiVersion": "v2", "metadata": {"name": "a"}}, "cannot be handled as a ConfigMap"),
        ({"kind": "Secret", "metadata": {"name": "a"}}, "cannot be handled as a ConfigMap"),
        ({"metadata": []}, "metadata must be an object"),
    ],
)
async def test_what_contradicts_the_path_is_refused(objects: Objects, obj: Object, words: str):
    with pytest.raises(BadRequest, match=words):
        await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)


async def test_an_invalid_object_is_refused_with_all_causes(objects: Objects):
    obj = {"metadata": {"name": "A", "labels": {"-": "x"}}}

    with pytest.raises(ObjectInvalid) as refused:
        await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)

    assert {cause.field for cause in refused.value.causes} == {"metadata.name", "metadata.labels"}
    assert refused.value.message.startswith('ConfigMap "A" is invalid: [metadata.name: Invalid')


async def test_a_dry_run_stores_nothing(objects: Objects):
    before = objects.cache.revision

    made = await objects.create(CONFIG_MAP, "dock", config(), SYSTEM, Options(dry_run=True))

    assert made["metadata"]["uid"]
    assert objects.cache.revision == before


# fields that the kind does not have


async def test_unknown_fields_are_refused_when_strict(objects: Objects):
    obj = {"metadata": {"name": "a", "nope": 1}, "bogus": True}

    with pytest.raises(BadRequest) as refused:
        await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)

    assert refused.value.message.endswith(
        'strict decoding error: unknown field "metadata.nope", unknown field "bogus"'
    )


async def test_unknown_fields_are_warned_of_and_dropped(objects: Objects):
    heard: list[str] = []
    options = Options(field_validation=FieldValidation.WARN, warn=heard.append)

    made = await objects.create(CONFIG_MAP, "dock", config(bogus=1), SYSTEM, options)

    assert heard == ['unknown field "bogus"']
    assert "bogus" not in made


async def test_unknown_fields_are_dropped_in_silence_when_ignored(objects: Objects):
    options = Options(field_validation=FieldValidation.IGNORE)

    made = await objects.create(CONFIG_MAP, "dock", config(bogus=1), SYSTEM, options)

    assert "bogus" not in made


async def test_a_wrong_type_is_always_refused(objects: Objects):
    options = Options(field_validation=FieldValidation.IGNORE)

    with pytest.raises(ObjectInvalid, match="data"):
        await objects.create(CONFIG_MAP, "dock", config(data="no map"), SYSTEM, options)


# update


async def test_an_update_replaces_what_the_client_may_write(objects: Objects):
    made = await make(objects)

    stored = await objects.update(CONFIG_MAP, "dock", "a", {"data": {"k": "w"}}, SYSTEM)

    assert stored["data"] == {"k": "w"}
    assert stored["metadata"]["uid"] == made["metadata"]["uid"]
    assert stored["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert int(stored["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


async def test_a_stale_version_is_a_conflict(objects: Objects):
    made = await make(objects)
    await objects.update(CONFIG_MAP, "dock", "a", {"data": {"k": "w"}}, SYSTEM)

    with pytest.raises(ObjectConflict, match="the object has been modified"):
        await objects.update(CONFIG_MAP, "dock", "a", made, SYSTEM)


async def test_an_update_that_changes_nothing_writes_nothing(objects: Objects):
    made = await make(objects)
    before = objects.cache.revision

    assert await objects.update(CONFIG_MAP, "dock", "a", made, SYSTEM) == made
    assert objects.cache.revision == before


async def test_an_update_of_another_identity_is_a_conflict(objects: Objects):
    await make(objects)
    obj = {"metadata": {"uid": "another"}}

    with pytest.raises(ObjectConflict, match="Precondition failed: UID in precondition: another"):
        await objects.update(CONFIG_MAP, "dock", "a", obj, SYSTEM)


async def test_an_update_may_not_rename(objects: Objects):
    await make(objects)

    with pytest.raises(BadRequest, match="does not match the name on the URL"):
        await objects.update(CONFIG_MAP, "dock", "a", config("b"), SYSTEM)


async def test_an_update_of_what_is_absent_creates_nothing(objects: Objects):
    with pytest.raises(ObjectNotFound):
        await objects.update(CONFIG_MAP, "dock", "a", config(), SYSTEM)


async def test_unconditional_updates_all_come_through(objects: Objects):
    await make(objects)
    values = [{"data": {"k": str(number)}} for number in range(10)]

    await asyncio.gather(
        *(objects.update(CONFIG_MAP, "dock", "a", value, SYSTEM) for value in values)
    )

    assert objects.cache.revision == 2 + 10


async def test_a_change_of_the_spec_counts_a_generation(objects: Objects):
    first = objects.get(NAMESPACE, "", "dock")
    labelled = {"metadata": {"labels": {"a": "b"}}}

    second = await objects.patch(NAMESPACE, "", "dock", PatchType.MERGE, labelled, SYSTEM)

    assert first["metadata"]["generation"] == second["metadata"]["generation"] == 1


async def test_the_status_is_written_through_its_own_path_only(objects: Objects):
    phase = {"status": {"phase": "Odd"}, "metadata": {"labels": {"a": "b"}}}

    main = await objects.patch(NAMESPACE, "", "dock", PatchType.MERGE, phase, SYSTEM)
    assert main["status"] == {"phase": "Active"}
    assert main["metadata"]["labels"]["a"] == "b"

    condition = {"type": "Odd", "status": "True"}
    change = {"status": {"conditions": [condition]}, "metadata": {"labels": {"a": "c"}}}
    status = await objects.patch(
        NAMESPACE, "", "dock", PatchType.MERGE, change, SYSTEM, subresource="status"
    )
    assert status["status"]["conditions"] == [condition]
    assert status["metadata"]["labels"]["a"] == "b"


# patch


async def test_patches_of_each_type_are_applied(objects: Objects):
    await make(objects)
    patches = [
        (PatchType.MERGE, {"data": {"m": "1"}}),
        (PatchType.STRATEGIC, {"data": {"s": "1"}}),
        (PatchType.JSON, [{"op": "add", "path": "/data/j", "value": "1"}]),
    ]

    for patch_type, document in patches:
        await objects.patch(CONFIG_MAP, "dock", "a", patch_type, document, SYSTEM)

    found = objects.get(CONFIG_MAP, "dock", "a")
    assert found["data"] == {"k": "v", "m": "1", "s": "1", "j": "1"}


async def test_rival_patches_are_all_kept(objects: Objects):
    await make(objects)
    documents = [{"data": {f"k{number}": "v"}} for number in range(10)]

    await asyncio.gather(
        *(
            objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, document, SYSTEM)
            for document in documents
        )
    )

    assert len(objects.get(CONFIG_MAP, "dock", "a")["data"]) == 11


async def test_a_patch_may_ask_for_a_version(objects: Objects):
    made = await make(objects)
    stale = {
        "metadata": {"resourceVersion": made["metadata"]["resourceVersion"]},
        "data": {"x": "1"},
    }
    await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, stale, SYSTEM)

    with pytest.raises(ObjectConflict):
        await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, stale, SYSTEM)


async def test_a_patch_may_not_move_an_object(objects: Objects):
    await make(objects)

    for metadata in ({"name": "b"}, {"namespace": "quay"}):
        with pytest.raises(BadRequest):
            await objects.patch(
                CONFIG_MAP, "dock", "a", PatchType.MERGE, {"metadata": metadata}, SYSTEM
            )


async def test_a_patch_has_no_say_in_what_the_server_knows(objects: Objects):
    made = await make(objects)
    document = {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 9}}

    stored = await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, document, SYSTEM)

    assert stored == made


async def test_a_patch_must_leave_an_object(objects: Objects):
    await make(objects)
    patch = [{"op": "replace", "path": "", "value": 1}]

    with pytest.raises(PatchFailed):
        await objects.patch(CONFIG_MAP, "dock", "a", PatchType.JSON, patch, SYSTEM)


async def test_a_patch_may_not_nest_without_end(objects: Objects):
    await make(objects)
    patch = [{"op": "add", "path": "/x" * depth, "value": {}} for depth in range(1, 3000)]

    with pytest.raises(PatchFailed, match="nests too deep"):
        await objects.patch(CONFIG_MAP, "dock", "a", PatchType.JSON, patch, SYSTEM)


async def test_an_object_may_not_grow_without_end(objects: Objects):
    rules = [{"apiGroups": [""], "resources": ["x" * 1_100_000], "verbs": ["get"]}]
    await objects.create(ROLE, "dock", {"metadata": {"name": "r"}, "rules": rules}, SYSTEM)
    more = [{"op": "add", "path": "/rules/-", "value": rules[0]}]
    await objects.patch(ROLE, "dock", "r", PatchType.JSON, more, SYSTEM)

    with pytest.raises(ObjectTooLarge):
        await objects.patch(ROLE, "dock", "r", PatchType.JSON, more, SYSTEM)


# delete


async def test_a_deleted_object_is_gone(objects: Objects):
    await make(objects)

    deletion = await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)

    assert deletion.removed
    with pytest.raises(ObjectNotFound):
        objects.get(CONFIG_MAP, "dock", "a")
    with pytest.raises(ObjectNotFound):
        await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)


async def test_preconditions_of_a_deletion_must_hold(objects: Objects):
    await make(objects)

    for options in (DeleteOptions(uid="another"), DeleteOptions(resource_version="1")):
        with pytest.raises(ObjectConflict):
            await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM, options)

    assert objects.get(CONFIG_MAP, "dock", "a")


async def test_a_dry_deletion_deletes_nothing(objects: Objects):
    await make(objects)

    assert (
        await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM, DeleteOptions(dry_run=True))
    ).removed
    assert objects.get(CONFIG_MAP, "dock", "a")


async def test_a_finalizer_holds_an_object_until_it_is_taken_away(objects: Objects):
    await make(objects, finalizers=["wharf.test/hold"])

    deletion = await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)

    assert not deletion.removed
    held = objects.get(CONFIG_MAP, "dock", "a")
    assert held["metadata"]["deletionTimestamp"] == "2026-05-01T12:00:00Z"
    added = {"metadata": {"finalizers": ["wharf.test/hold", "wharf.test/more"]}}
    with pytest.raises(ObjectInvalid, match="no new finalizers can be added"):
        await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, added, SYSTEM)
    freed = {"metadata": {"finalizers": None}}
    await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, freed, SYSTEM)
    with pytest.raises(ObjectNotFound):
        objects.get(CONFIG_MAP, "dock", "a")


@pytest.mark.parametrize(
    ("propagation", "finalizer"),
    [(Propagation.ORPHAN, "orphan"), (Propagation.FOREGROUND, "foregroundDeletion")],
)
async def test_what_becomes_of_dependents_is_recorded(
    objects: Objects, propagation: Propagation, finalizer: str
):
    await make(objects)

    deletion = await objects.delete(
        CONFIG_MAP, "dock", "a", SYSTEM, DeleteOptions(propagation=propagation)
    )

    assert not deletion.removed
    assert objects.get(CONFIG_MAP, "dock", "a")["metadata"]["finalizers"] == [finalizer]


async def test_the_last_word_on_dependents_holds(objects: Objects):
    await make(objects, finalizers=["wharf.test/hold"])

    async def finalizers(propagation: Propagation | None) -> list[str]:
        options = DeleteOptions(propagation=propagation)
        deletion = await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM, options)
        found: list[str] = deletion.object["metadata"]["finalizers"]
        return found

    assert await finalizers(Propagation.FOREGROUND) == ["wharf.test/hold", "foregroundDeletion"]
    assert await finalizers(None) == ["wharf.test/hold", "foregroundDeletion"]
    assert await finalizers(Propagation.ORPHAN) == ["wharf.test/hold", "orphan"]
    assert await finalizers(Propagation.BACKGROUND) == ["wharf.test/hold"]


@pytest.mark.parametrize("kind", [JOB, REPLICATION_CONTROLLER], ids=lambda kind: kind.plural)
@pytest.mark.parametrize("propagation", [None, *Propagation])
async def test_kinds_that_are_older_than_ownership_leave_what_they_own(
    objects: Objects, kind: Kind, propagation: Propagation | None
):
    container = {"name": "main", "image": "registry.test/app:1"}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container]}}
    if kind is JOB:
        template["spec"]["restartPolicy"] = "Never"
    obj = {"metadata": {"name": "a"}, "spec": {"template": template}}
    await objects.create(kind, "dock", obj, SYSTEM)
    warnings: list[str] = []

    options = DeleteOptions(propagation=propagation, warn=warnings.append)
    deletion = await objects.delete(kind, "dock", "a", SYSTEM, options)

    left = deletion.object["metadata"].get("finalizers") or []
    assert ("orphan" in left) == (propagation in (None, Propagation.ORPHAN))
    assert bool(warnings) == (propagation is None)


async def test_what_says_nothing_is_not_kept(objects: Objects):
    empty = {"labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []}
    made = await make(objects, **empty)
    assert not set(empty) & set(made["metadata"])

    patch = {"metadata": {"annotations": {}}}
    same = await objects.patch(CONFIG_MAP, "dock", "a", PatchType.MERGE, patch, SYSTEM)
    assert same == made


async def test_a_collection_is_deleted_by_selector(objects: Objects):
    await make(objects, "a", labels={"app": "x"})
    await make(objects, "b", labels={"app": "y"})

    chosen = ListOptions(selector=Selector(parse_labels("app=x")))
    page = await objects.delete_collection(CONFIG_MAP, "dock", SYSTEM, chosen)

    assert [obj["metadata"]["name"] for obj in page.items] == ["a"]
    left = objects.list(CONFIG_MAP, "dock").items
    assert [obj["metadata"]["name"] for obj in left] == ["b"]


# namespaces


async def test_nothing_is_created_in_a_namespace_that_is_absent(objects: Objects):
    with pytest.raises(ObjectNotFound, match='namespaces "quay" not found'):
        await objects.create(CONFIG_MAP, "quay", config(), SYSTEM)


async def test_nothing_is_created_in_a_namespace_that_ends(objects: Objects):
    await objects.delete(NAMESPACE, "", "dock", SYSTEM)

    ending = objects.get(NAMESPACE, "", "dock")
    assert ending["status"]["phase"] == "Terminating"
    assert ending["spec"]["finalizers"] == ["kubernetes"]
    with pytest.raises(ObjectForbidden, match="because it is being terminated") as refused:
        await make(objects)
    assert refused.value.causes[0].reason == "NamespaceTerminating"


async def test_a_namespace_is_removed_when_it_is_finalized(objects: Objects):
    await objects.delete(NAMESPACE, "", "dock", SYSTEM)
    emptied = {"metadata": {"name": "dock"}, "spec": {"finalizers": []}}

    await objects.update(NAMESPACE, "", "dock", emptied, SYSTEM)
    assert objects.get(NAMESPACE, "", "dock")["spec"] == {"finalizers": ["kubernetes"]}
    await objects.update(NAMESPACE, "", "dock", emptied, SYSTEM, subresource="finalize")

    with pytest.raises(ObjectNotFound):
        objects.get(NAMESPACE, "", "dock")


async def test_a_live_namespace_cannot_be_finalized_away(objects: Objects):
    emptied = {"metadata": {"name": "dock"}, "spec": {"finalizers": []}}

    await objects.update(NAMESPACE, "", "dock", emptied, SYSTEM, subresource="finalize")

    assert objects.get(NAMESPACE, "", "dock")["spec"]["finalizers"] == ["kubernetes"]


async def test_a_namespace_is_not_removed_while_something_arrives_in_it():
    class GatedStore(MemoryStore):
        gate: asyncio.Event | None = None

        async def commit(self, write, committed):
            if self.gate is not None and write.key.namespace:
                await self.gate.wait()
            return await super().commit(write, committed)

    store = GatedStore()
    cache = await Cache.open(store)
    objects = Objects(cache, (NamespaceLifecycle(cache),))
    await objects.create(NAMESPACE, "", {"metadata": {"name": "dock"}}, SYSTEM)
    store.gate = asyncio.Event()
    arriving = asyncio.ensure_future(make(objects))
    await asyncio.sleep(0)
    await objects.delete(NAMESPACE, "", "dock", SYSTEM)
    emptied = {"spec": {"finalizers": []}}

    with pytest.raises(ObjectConflict, match="objects are being created in it"):
        await objects.update(NAMESPACE, "", "dock", emptied, SYSTEM, subresource="finalize")

    store.gate.set()
    await arriving
    await cache.close()


@pytest.mark.parametrize("name", ["default", "kube-system", "openshift"])
async def test_some_namespaces_never_end(objects: Objects, name: str):
    await objects.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)

    with pytest.raises(ObjectForbidden, match="this namespace may not be deleted"):
        await objects.delete(NAMESPACE, "", name, SYSTEM)


# other kinds


async def test_names_follow_the_rule_of_their_kind(objects: Objects):
    role = {"metadata": {"name": "system:image-puller"}, "rules": []}

    made = await objects.create(ROLE, "dock", role, SYSTEM)

    assert made["metadata"]["name"] == "system:image-puller"
    with pytest.raises(ObjectInvalid):
        await objects.create(
            SERVICE_ACCOUNT, "dock", {"metadata": {"name": "system:image-puller"}}, SYSTEM
        )


async def test_what_is_returned_is_not_what_the_caller_sent(objects: Objects):
    sent = config()

    await objects.create(CONFIG_MAP, "dock", sent, SYSTEM)
    sent["data"]["k"] = "changed"

    assert objects.get(CONFIG_MAP, "dock", "a")["data"] == {"k": "v"}

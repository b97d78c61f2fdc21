import pytest

from wharfinger.images.importing import due

DIGEST = f"sha256:{'a' * 64}"


def stream(*tags, annotations=None, status=(), **spec):
    return {
        "metadata": {
            "namespace": "team",
            "name": "app",
            "uid": "1",
            "annotations": annotations or {},
        },
        "spec": {"tags": list(tags), **spec},
        "status": {"tags": list(status)},
    }


def tag(name, *, source="hub.test/team/app:1", generation=1, **more):
    found = {"name": name, "from": {"kind": "DockerImage", "name": source}, **more}
    return found | ({"generation": generation} if generation else {})


def had(name, generation=1, *, failed=None):
    history = {"tag": name, "items": [{"image": DIGEST, "generation": generation}]}
    if failed is not None:
        condition = {"type": "ImportSuccess", "status": "False", "generation": failed}
        history["conditions"] = [condition]
    return history


CHECKED = {due.CHECKED: "2027-01-01T00:00:00Z"}


def names(request):
    return [one.to for one in request.images] if request is not None else []


@pytest.mark.parametrize(
    ("tags", "status", "pending"),
    [
        ([tag("a", generation=2)], [had("a", 1)], ["a"]),
        ([tag("a", generation=2)], [had("a", 2)], []),
        ([tag("a", generation=3)], [had("a", 1, failed=3)], []),
        ([tag("a", generation=3)], [had("a", 1, failed=2)], ["a"]),
        ([tag("a"), tag("b", generation=2)], [had("a"), had("b")], ["b"]),
        ([tag("a", generation=0)], [], []),
        ([tag("a", reference=True)], [], []),
        (
            [{"name": "a", "from": {"kind": "ImageStreamTag", "name": "b:c"}, "generation": 1}],
            [],
            [],
        ),
        ([{"name": "a", "generation": 1}], [], []),
    ],
)
def test_a_tag_is_pending_until_something_is_known_of_the_generation(tags, status, pending):
    assert names(due.pending(stream(*tags, annotations=CHECKED, status=status))) == pending


def test_a_stream_that_was_never_imported_takes_its_whole_repository():
    found = due.pending(
        stream(
            tag("a"),
            tag("b"),
            status=[had("a")],
            dockerImageRepository="hub.test/team/app",
            annotations={"openshift.io/image.insecureRepository": "true"},
        )
    )

    assert names(found) == ["a", "b"]
    assert found.repository.name == "hub.test/team/app"
    assert found.repository.insecure
    assert found.stores


def test_a_stream_that_was_imported_does_not_take_its_repository_again():
    repository = {"dockerImageRepository": "hub.test/team/app"}

    assert due.pending(stream(annotations=CHECKED, **repository)) is None


def test_the_request_says_what_the_tag_says():
    wanted = tag(
        "a",
        importPolicy={"insecure": True, "scheduled": True, "importMode": "PreserveOriginal"},
        referencePolicy={"type": "Local"},
    )

    (one,) = due.pending(stream(wanted)).images

    assert (one.insecure, one.scheduled, one.mode, one.policy) == (
        True,
        True,
        "PreserveOriginal",
        "Local",
    )


SCHEDULED = {"importPolicy": {"scheduled": True}}


@pytest.mark.parametrize(
    ("one", "status", "looked_at"),
    [
        (tag("a"), had("a"), False),
        (tag("a", **SCHEDULED), had("a"), True),
        (tag("a", **SCHEDULED), None, True),
        (tag("a", source=f"hub.test/team/app@{DIGEST}", **SCHEDULED), had("a"), False),
        (tag("a", source=f"hub.test/team/app@{DIGEST}", **SCHEDULED), had("a", failed=2), True),
        (tag("a", source="not a name", **SCHEDULED), None, True),
        (tag("a", reference=True, **SCHEDULED), None, False),
    ],
)
def test_scheduled_tags_are_looked_at_unless_they_can_mean_nothing_else(one, status, looked_at):
    found = stream(one, annotations=CHECKED, status=[status] if status else [])

    assert [each.to for each in due.scheduled(found)] == (["a"] if looked_at else [])


def test_what_a_tag_has_is_unknown_after_a_failure():
    found = stream(tag("a"), tag("b"), status=[had("a"), had("b", failed=2)])

    assert due.arrivals(found).get("a") == DIGEST
    assert due.arrivals(found).get("b") is None
    assert due.arrivals(found).get("c") is None

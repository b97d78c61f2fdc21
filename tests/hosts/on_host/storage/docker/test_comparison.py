from __future__ import annotations

from dataclasses import replace
from typing import Any

from wharfinger.hosts.on_host.storage.docker import comparison
from wharfinger.hosts.on_host.storage.docker.inventory import Container, Image, Inventory, Volume

LAYERS = tuple(f"sha256:{number:064}" for number in range(2))
IMAGE = Image(f"sha256:{7:064}", ("app:v1",), ("app@sha256:1",), LAYERS, "", 10, "content")
VOLUME = Volume("data", "local", {"a": "b"}, {})
CONTAINER = Container("web", IMAGE.id, "app:v1", {"host": {"Init": True}}, {"/new": "file 1"})
NETWORK = {"Driver": "bridge", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24"}]}}
HELD = Inventory("devicemapper", (IMAGE,), (VOLUME,), (CONTAINER,), {"inner": NETWORK})


def compared(
    after: Inventory, *, digests: bool = True, given: dict[str, str] | None = None
) -> list[str]:
    return list(comparison.compare(HELD, after, digests=digests, given=given or {}))


def with_image(**more: Any) -> Inventory:
    return replace(HELD, images=(replace(IMAGE, **more),))


def with_container(**more: Any) -> Inventory:
    return replace(HELD, containers=(replace(CONTAINER, **more),))


def test_the_same_on_another_driver_has_no_differences() -> None:
    volume = replace(VOLUME, place="/elsewhere")
    more = replace(IMAGE, id=f"sha256:{8:064}", tags=())
    after = replace(HELD, driver="overlay2", images=(IMAGE, more), volumes=(volume,))

    assert compared(after) == []


def test_what_is_missing_is_named() -> None:
    assert compared(Inventory("overlay2")) == [
        f"image app:v1 ({IMAGE.id}) is missing",
        "volume data is missing",
        "container web is missing",
        "network inner is missing",
    ]


def test_each_difference_of_an_image_is_named() -> None:
    assert compared(with_image(layers=LAYERS[:1])) == [f"image app:v1 lacks layer {LAYERS[1]}"]
    assert compared(with_image(layers=LAYERS[::-1])) != []
    assert compared(with_image(tags=())) == ["image 000000000000 lacks the name app:v1"]
    assert compared(with_image(digests=())) == [
        "image app:v1 lacks the repository digest app@sha256:1"
    ]
    other = with_image(id=f"sha256:{8:064}")
    assert compared(other) == [f"app:v1 names another image than {IMAGE.id}"]


def test_containerd_may_have_other_ids_and_digests_but_not_other_content() -> None:
    other = f"sha256:{8:064}"
    after = replace(with_image(id=other, digests=()), containers=(replace(CONTAINER, image=other),))

    assert compared(after, digests=False) == []
    assert compared(with_image(id=other, content="changed"), digests=False) != []


def test_each_difference_of_a_container_is_named() -> None:
    assert compared(with_container(definition={"host": {"Init": False}})) == [
        "container web differs: host.Init was True, is False"
    ]
    assert compared(with_container(written={"/new": "file 2"})) == [
        "container web has not the same written over its image: /new"
    ]
    assert compared(with_container(image_name="")) == [
        "container web differs: image name was 'app:v1', is ''"
    ]


def test_an_image_that_was_made_for_a_container_is_the_one_it_has_to_have() -> None:
    after = with_container(image="sha256:own", image_name="", written={})

    assert compared(after, given={"web": "sha256:own"}) == []
    assert compared(after, given={"web": "sha256:another"}) != []
    assert compared(after) != []


def test_a_volume_with_other_labels_is_named() -> None:
    after = replace(HELD, volumes=(replace(VOLUME, labels={}),))

    assert compared(after) == ["volume data differs: labels.a was 'b', is None"]


def test_a_gateway_that_nobody_asked_for_does_not_count() -> None:
    told = {"Config": [{"Subnet": "10.9.0.0/24", "Gateway": "10.9.0.1"}]}
    other = {"Config": [{"Subnet": "10.8.0.0/24", "Gateway": "10.8.0.1"}]}

    assert compared(replace(HELD, networks={"inner": {**NETWORK, "IPAM": told}})) == []
    assert compared(replace(HELD, networks={"inner": {**NETWORK, "IPAM": other}})) != []

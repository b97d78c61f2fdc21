"""The history of tags, under any order of moves."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.cluster.errors import ObjectConflict, ObjectNotFound
from wharfinger.images.streams import history
from wharfinger.images.streams.history import Draft


def event(image, *, at="hub.test/a", generation=1):
    return {
        "created": "now",
        "dockerImageReference": f"{at}@{image}",
        "image": image,
        "generation": generation,
    }


def stream(*items, tag="1", spec=()):
    tags = [{"tag": tag, "items": list(items)}] if items else []
    return {
        "metadata": {"namespace": "team", "name": "app"},
        "spec": {"tags": list(spec)},
        "status": {"tags": tags},
    }


def following(name, target, **origin):
    return {"name": name, "from": {"kind": "ImageStreamTag", "name": target, **origin}}


MOVES = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("pq"), st.integers(1, 3)
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(MOVES)
def test_whatever_moves_the_newest_event_is_the_last_that_came(moves):
    given_stream = stream(event("x"), tag="a")
    before = json.dumps(given_stream)
    draft, last, lengths = Draft(given_stream), {"a": event("x")}, {}
    for tag, image, place, generation in moves:
        came = event(image, at=place, generation=generation)
        draft.add(tag, came)
        last[tag] = came
        items = draft.events(tag)
        assert len(items) >= lengths.get(tag, 0)
        lengths[tag] = len(items)
    for tag, came in last.items():
        newest = history.latest(draft.object, tag)
        assert {**newest, "created": "now"} == came
    assert json.dumps(given_stream) == before


def test_nothing_new_is_nothing_told():
    held = stream(event("x"))
    draft = Draft(held)

    assert draft.move("1", event("x")) == ()
    assert draft.object == held
    assert not draft.differs("1", event("x", generation=2))
    assert draft.add("1", event("x", generation=2))
    assert draft.events("1") == [event("x", generation=2)]


def test_tags_that_follow_move_along_and_no_others():
    held = stream(
        spec=[
            following("short", "1"),
            following("long", "app:1"),
            following("here", "app:1", namespace="team"),
            following("there", "app:1", namespace="other"),
            following("elsewhere", "lib:1"),
            following("else", "2"),
            following("image", "1", kind="ImageStreamImage"),
            {"name": "bare"},
        ]
    )
    draft = Draft(held)

    assert draft.move("1", event("x")) == ("1", "here", "long", "short")
    assert history.latest(draft.object, "there") is None


def test_a_tag_is_forgotten_whole():
    draft = Draft(stream(event("x"), spec=[following("1", "2")]))

    assert draft.remove("1")
    assert not draft.remove("1")
    assert draft.object["spec"] == draft.object["status"] == {}


def test_conditions_stand_beside_events_and_go_when_cleared():
    draft = Draft(stream(event("x")))
    draft.set_conditions("1", [{"type": "ImportSuccess"}])
    draft.set_conditions("2", [{"type": "ImportSuccess"}])
    draft.set_conditions("3")

    tags = draft.object["status"]["tags"]
    assert [(tag["tag"], len(tag["items"]), len(tag["conditions"])) for tag in tags] == [
        ("1", 1, 1),
        ("2", 0, 1),
    ]
    draft.set_conditions("1")
    assert "conditions" not in draft.object["status"]["tags"][0]


def test_an_image_is_found_by_so_much_of_its_digest_as_is_its_own():
    first, second = "sha256:ab" + "0" * 62, "sha256:ac" + "0" * 62
    held = stream(event(first), event(second))

    assert history.of_image(held, "ab")["image"] == first
    assert history.of_image(held, "sha256:ac")["image"] == second
    with pytest.raises(ObjectNotFound):
        history.of_image(held, "b")
    with pytest.raises(ObjectConflict) as caught:
        history.of_image(held, "a")
    assert f'multiple images match the prefix "a": {first}, {second}' in caught.value.message


def test_of_many_images_that_begin_so_only_some_are_shown():
    held = stream(*(event(f"sha256:a{number:03}") for number in range(50)))

    with pytest.raises(ObjectConflict) as caught:
        history.of_image(held, "a")
    assert caught.value.message.count("sha256:") == 10
    assert caught.value.message.endswith(", ...")


def test_moves_of_many_tags_look_at_each_tag_once(monkeypatch):
    looked, followed = [], history.followed

    def counted(*given):
        looked.append(given)
        return followed(*given)

    monkeypatch.setattr(history, "followed", counted)
    spec = [{"name": str(n), "from": {"kind": "DockerImage", "name": "a"}} for n in range(300)]
    draft = Draft(stream(spec=spec))
    for number in range(300):
        assert draft.move(str(number), event("x")) == (str(number),)

    assert len(looked) == 300

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_containers import composed, container
from wharfinger.maintenance.docker import containers
from wharfinger.maintenance.verdict import Outcome


def order(*documents):
    return [one.name for one in containers.stopping_order(containers.read(documents))]


def verdicts(*documents, force=False):
    return {
        one.container.name: one.verdict
        for one in containers.plan(containers.read(documents), force=force)
    }


@pytest.mark.parametrize(
    "need",
    [
        {"NetworkMode": "container:id-base"},
        {"IpcMode": "container:base"},
        {"PidMode": "container:id-base"},
        {"VolumesFrom": ["base:ro"]},
        {"Links": ["/base:/top/base"]},
        {"networks": {"web": {"Links": ["base:store"]}}},
    ],
)
def test_what_needs_another_is_stopped_before_it_whatever_its_age(need):
    assert order(container("top", started=1, **need), container("base", started=9)) == [
        "top",
        "base",
    ]


def test_the_newest_is_stopped_first():
    assert order(*(container(f"c{at}", started=at) for at in (2, 7, 3))) == ["c7", "c3", "c2"]


def test_what_compose_has_noted_is_kept():
    documents = (
        container("shop-db-1", started=9, labels=composed("db")),
        container("shop-db-2", started=8, labels=composed("db")),
        container("shop-web-1", started=5, labels=composed("web", "db:service_healthy:false")),
        container("shop-edge-1", started=1, labels=composed("edge", "web:service_started:true")),
    )

    assert order(*documents) == ["shop-edge-1", "shop-web-1", "shop-db-1", "shop-db-2"]


def test_services_of_another_project_are_not_meant():
    other = {**composed("db"), "com.docker.compose.project": "other"}

    found = containers.read(
        [container("a", labels=composed("web", "db")), container("b", labels=other)]
    )

    assert [one.needs for one in found] == [(), ()]


def test_a_circle_of_links_is_cut():
    circle = (container("a", Links=["/b:/a/b"]), container("b", started=1, Links=["/a:/b/a"]))

    assert order(*circle) == ["b", "a"]


@given(st.lists(st.tuples(st.integers(0, 20), st.sets(st.integers(0, 7))), max_size=8))
def test_every_container_is_stopped_once_and_after_all_that_need_it(drawn):
    documents = [
        container(f"c{at}", started=age, VolumesFrom=[f"c{need}" for need in needs if need < at])
        for at, (age, needs) in enumerate(drawn)
    ]

    stopped = order(*documents)

    assert sorted(stopped) == sorted(f"c{at}" for at in range(len(drawn)))
    for at, (_, needs) in enumerate(drawn):
        for need in needs:
            if need < at:
                assert stopped.index(f"c{at}") < stopped.index(f"c{need}")


def test_what_is_lost_by_stopping_is_refused_and_told():
    documents = (
        container("brief", AutoRemove=True),
        container("cache", Tmpfs={"/scratch": ""}),
        container("plain"),
    )

    found = verdicts(*documents)
    forced = verdicts(*documents, force=True)

    assert found["brief"].outcome is Outcome.BLOCKS
    assert "--force" in found["brief"].remedy
    assert forced["brief"].outcome is Outcome.GOES
    assert "not started again" in forced["brief"].warning
    assert "/scratch" in found["cache"].warning
    assert (found["plain"].outcome, found["plain"].warning) == (Outcome.GOES, "")


def test_force_does_not_take_away_what_another_needs():
    documents = (
        container("base", AutoRemove=True),
        container("top", NetworkMode="container:id-base"),
    )

    assert verdicts(*documents, force=True)["top"].code == "needs-removed"


@pytest.mark.parametrize("status", ["paused", "restarting"])
def test_what_does_not_run_steadily_is_refused(status):
    verdict = verdicts(container("odd", status=status), force=True)["odd"]

    assert (verdict.outcome, verdict.code) == (Outcome.BLOCKS, "not-running")
    assert status in verdict.reason


def test_tasks_of_a_swarm_are_left_to_the_swarm():
    task = container("web.1", labels={"com.docker.swarm.task.id": "t1"})

    assert verdicts(task, force=True)["web.1"].code == "swarm-task"


def test_one_with_another_image_or_other_mounts_is_not_what_ran():
    volume = {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True}
    was = containers.read_one(container("db", mounts=({**volume, "Source": "/old/_data"},)))
    moved = containers.read_one(container("db", mounts=({**volume, "Source": "/new/_data"},)))
    other = containers.read_one(container("db", mounts=({**volume, "Name": "else"},)))
    image = containers.read_one({**container("db"), "Image": "sha256:two"})

    assert containers.came_back(was, moved) == ""
    assert "/data" in containers.came_back(was, other)
    assert "sha256:two" in containers.came_back(was, image)

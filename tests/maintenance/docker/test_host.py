import pytest

from made_containers import Engine, Time, container
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.maintenance.docker import containers
from wharfinger.maintenance.docker import host as container_host
from wharfinger.maintenance.docker import record as container_record
from wharfinger.maintenance.docker.host import unframed
from wharfinger.maintenance.docker.record import InvalidRecord, OtherHost, Record, Stage


class Killed(BaseException):
    """As a signal ends us: nothing of ours may catch it."""


class Run:
    """One host, its record as it is on the disk, and what was told."""

    def __init__(self, *documents):
        self.engine, self.kept, self.told = Engine([*documents]), [], []
        self.time = Time()

    def keep(self, record):
        self.kept.append(container_record.encode(record))
        self.engine.calls.append(f"keep {record.stage}")

    def stop(self, grace=-1):
        begun = (
            container_record.decode(self.kept[-1])
            if self.kept
            else Record("pier", "now", Stage.STOPPING, ())
        )
        record = begun.joined(container_host.running(self.engine))
        return container_host.stop(
            self.engine, record, grace=grace, told=self.told.append, keep=self.keep
        )

    def start(self):
        record = container_record.decode(self.kept[-1])
        return container_host.start(
            self.engine,
            record,
            time=container_host.Time(self.time.seconds, self.time.sleep),
            limit=60,
            told=self.told.append,
            keep=self.keep,
        )


def three():
    return (
        container("db", started=1),
        container("app", started=2, NetworkMode="container:id-db"),
        container("edge", started=3, Links=["/app:/edge/app"]),
    )


def test_the_record_is_kept_before_anything_is_stopped():
    run = Run(*three())

    run.stop()

    assert run.engine.calls == [
        "keep stopping",
        "stop edge",
        "stop app",
        "stop db",
        "keep stopped",
    ]


def test_the_same_set_is_started_from_the_other_end():
    run = Run(*three())
    run.stop()
    run.engine.calls.clear()

    assert run.start() == ()

    assert run.engine.calls == [
        "keep starting",
        "start db",
        "start app",
        "start edge",
        "keep restored",
    ]
    assert run.told[-1].startswith("container edge runs")


def test_a_grace_period_is_that_of_the_containers_unless_it_is_given():
    run = Run(container("db"))

    run.stop(grace=3)

    assert "stop db?t=3" in run.engine.calls


def test_a_run_that_was_killed_is_gone_on_with():
    run = Run(*three())

    def killed(one):
        if one["Name"] == "/app":
            raise Killed

    run.engine.stopping = killed
    with pytest.raises(Killed):
        run.stop()
    run.engine.stopping = lambda _: None
    run.engine.containers.append(container("late", started=9))

    record = run.stop()

    assert [one.name for one in record.containers] == ["late", "edge", "app", "db"]
    assert not any(one["State"]["Running"] for one in run.engine.containers)
    assert run.start() == ()


def test_one_that_took_a_name_in_between_takes_the_place_in_the_record():
    run = Run(container("db"))
    run.stop()
    run.engine.containers[:] = [{**container("db"), "Id": "id-new"}]

    record = run.stop()

    assert [one.id for one in record.containers] == ["id-new"]


def test_what_stops_with_its_end_is_not_asked_for_again():
    run = Run(container("brief", AutoRemove=True), container("db"))

    record = run.stop()

    assert [one.name for one in record.containers] == ["db"]
    assert [one.name for one in record.removed] == ["brief"]
    assert run.start() == ()


def test_one_that_ends_again_is_told_with_its_last_words():
    run = Run(*three())
    run.stop()
    run.engine.log = b"\x02\x00\x00\x00\x00\x00\x00\x05boom\n"

    def fails(one):
        if one["Name"] == "/app":
            one["State"].update(Status="exited", Running=False, ExitCode=7)

    run.engine.starting = fails
    (lost,) = run.start()

    assert (lost.container.name, lost.words) == ("app", ("boom",))
    assert "code 7" in lost.why
    assert container_record.decode(run.kept[-1]).stage is Stage.STARTING

    run.engine.starting = lambda _: None
    assert run.start() == ()


def test_one_that_starts_again_and_again_is_not_believed():
    run = Run(container("loop", RestartPolicy={"Name": "always"}))
    run.stop()

    def again():
        run.engine.containers[0]["State"]["StartedAt"] = f"{run.time.now}"

    run.time.then = again
    (lost,) = run.start()

    assert lost.why == "it does not run steadily"
    assert run.time.now >= 60


def test_who_was_healthy_has_to_be_so_again_and_is_waited_for():
    run = Run(container("db", health="healthy"), container("app", started=2, VolumesFrom=["db"]))
    run.stop()
    run.engine.starting = lambda one: one["State"].update(
        {"Health": {"Status": "starting"}} if one["Name"] == "/db" else {}
    )
    begun = []

    def heal():
        begun.append([call for call in run.engine.calls if call.startswith("start ")])
        if run.time.now > 5:
            run.engine.containers[0]["State"]["Health"] = {"Status": "healthy"}

    run.time.then = heal

    assert run.start() == ()
    assert begun[0] == ["start db"]
    assert begun[-1] == ["start db", "start app"]


def test_one_that_does_not_get_well_is_told():
    run = Run(container("db", health="healthy"))
    run.stop()
    run.engine.containers[0]["State"]["Health"] = {"Status": "unhealthy"}

    (lost,) = run.start()

    assert lost.why == "it is unhealthy, and was healthy"


def test_one_made_anew_with_the_same_image_and_mounts_counts():
    run = Run(container("db"))
    run.stop()
    run.engine.containers[0]["Id"] = "id-new"

    assert run.start() == ()
    assert "container db was made anew, as id-new" in run.told


def test_one_that_is_gone_or_another_now_is_lost():
    run = Run(*three())
    run.stop()
    del run.engine.containers[2]
    run.engine.containers[0]["Image"] = "sha256:two"

    lost = {one.container.name: one.why for one in run.start()}

    assert lost == {
        "db": "its image is sha256:two, and was sha256:one",
        "edge": "it is not there any more",
    }


def test_what_runs_already_is_left_alone():
    run = Run(*three())
    run.stop()
    assert run.start() == ()
    run.engine.calls.clear()

    assert run.start() == ()

    assert run.engine.calls == ["keep starting", "keep restored"]


def test_an_engine_that_fails_is_no_lost_container():
    run = Run(container("db"))

    def fails(_):
        raise EngineFailed("stop", "no", status=500)

    run.engine.stopping = fails
    with pytest.raises(EngineFailed):
        run.stop()


def test_a_record_survives_its_file_and_belongs_to_its_host():
    (db,) = containers.read([container("db", Tmpfs={"/s": ""}, health="healthy")])
    record = Record("pier", "2027-01-15T08:00:00Z", Stage.STOPPED, (db,))

    assert container_record.decode(container_record.encode(record)) == record
    record.require("pier")
    with pytest.raises(OtherHost):
        record.require("quay")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"host": 1}'])
def test_what_is_no_record_is_refused(content):
    with pytest.raises(InvalidRecord):
        container_record.decode(content)


def test_a_record_of_another_version_is_refused():
    record = Record("pier", "now", Stage.STOPPED, ())
    later = container_record.encode(record).replace(b'"version": 1', b'"version": 2')

    with pytest.raises(InvalidRecord):
        container_record.decode(later)


def test_a_log_of_a_terminal_has_no_frames():
    assert unframed(b"plain words\n") == b"plain words\n"
    assert unframed(b"\x01\0\0\0\0\0\0\x02a\n\x02\0\0\0\0\0\0\x02b\n") == b"a\nb\n"

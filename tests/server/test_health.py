import asyncio

import pytest
from starlette.requests import Request

from wharfinger.server import health
from wharfinger.server.drain import Drain
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.health import Health, health_of
from wharfinger.server.metrics import Metrics
from wharfinger.server.tasks import Tasks


@pytest.fixture
def get(call):
    def of(checks):
        async def app(scope, receive, send):
            response = await checks.handle(Request(scope))
            await response(scope, receive, send)

        async def ask(target):
            return await call(ErrorEdge(app, {}), "GET", target)

        return ask

    return of


WELL = Health({"ping": lambda: None}, lambda: {"storage": lambda: None})
ILL = Health(
    {"ping": lambda: None}, lambda: {"storage": lambda: "the secret reason", "x": lambda: None}
)


@pytest.mark.parametrize("address", ["/livez", "/readyz", "/healthz", "/readyz/storage"])
async def test_all_well_is_one_word(get, address):
    answer = await get(WELL)(address)

    assert (answer.status, answer.text) == (200, "ok")


async def test_a_verbose_answer_names_each_check(get):
    answer = await get(WELL)("/readyz?verbose")

    assert answer.text == "[+]ping ok\n[+]storage ok\nreadyz check passed\n"


async def test_a_failure_names_the_check_and_keeps_the_reason_for_the_log(get, caplog):
    answer = await get(ILL)("/readyz")

    assert answer.status == 500
    assert "[-]storage failed: reason withheld" in answer.text
    assert "secret reason" not in answer.text
    assert "the secret reason" in caplog.text


async def test_being_alive_does_not_depend_on_the_disk(get):
    assert (await get(ILL)("/livez")).status == 200


async def test_a_check_can_be_left_out_or_asked_alone(get):
    assert (await get(ILL)("/readyz?exclude=storage")).status == 200
    assert (await get(ILL)("/readyz/x")).status == 200
    assert (await get(ILL)("/readyz/storage")).status == 500
    assert (await get(ILL)("/readyz/none")).status == 404


async def test_what_is_out_of_date_is_told_and_fails_only_who_asks_for_it(get):
    stale = Health({}, dict, {"policy": lambda: "a fault"})

    assert (await get(stale)("/readyz")).text == "ok"
    assert "[!]policy out of date" in (await get(stale)("/readyz?verbose")).text
    assert (await get(stale)("/readyz?verbose")).status == 200
    assert (await get(stale)("/readyz/policy")).status == 500


def test_a_server_that_is_asked_to_end_is_not_ready(tmp_path):
    drain = Drain()
    checks = health_of(state=tmp_path, tasks=Tasks(Metrics()), drain=drain)
    assert checks.faults() == {}

    drain.begin()

    assert set(checks.faults()) == {"shutdown"}
    assert checks.faults("livez") == {}


async def test_a_task_that_starts_late_is_checked_too(tmp_path):
    tasks = Tasks(Metrics())
    checks = health_of(state=tmp_path, tasks=tasks, drain=Drain())

    tasks.start("certificate", asyncio.Event().wait)

    assert "task-certificate" in checks.checks("readyz")
    await tasks.stop()


def test_a_directory_that_is_gone_takes_no_writes(tmp_path):
    assert health.writable(tmp_path) is None
    assert "cannot be reached" in health.writable(tmp_path / "gone")


def test_a_filesystem_without_room_or_mounted_read_only_takes_no_writes():
    assert health.writable("/proc") is not None  # it has no blocks at all

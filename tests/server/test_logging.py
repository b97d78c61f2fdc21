import io
import json
import logging

from wharfinger.server.logging import AccessLog, FaultLog, Records, request_id


def record(**extra):
    return logging.LogRecord("wharfinger.x", logging.WARNING, "f", 1, "a %s", ("b",), None, **extra)


def test_a_record_is_one_line_of_json():
    line = Records().format(record())

    assert json.loads(line) | {"ts": ""} == {
        "ts": "",
        "level": "warning",
        "logger": "wharfinger.x",
        "msg": "a b",
    }


def test_a_record_carries_the_id_of_its_request():
    token = request_id.set("r1")
    try:
        assert json.loads(Records().format(record()))["request_id"] == "r1"
    finally:
        request_id.reset(token)


def test_a_traceback_stays_within_the_line():
    try:
        raise ValueError("x")
    except ValueError as error:
        found = record()
        found.exc_info = (type(error), error, error.__traceback__)

    line = Records().format(found)

    assert "\n" not in line
    assert "ValueError: x" in json.loads(line)["error"]


async def test_a_path_cannot_forge_a_line():
    stream = io.StringIO()
    log = AccessLog(stream)

    log.write(
        ts=0,
        request_id="r",
        actor='a"\n{"forged":1}',
        client="",
        method="GET",
        path="/\n{}",
        status=200,
        received=0,
        sent=0,
        seconds=0.1,
    )
    log.flush()

    assert len(stream.getvalue().splitlines()) == 1


async def test_a_log_of_faults_has_only_those():
    stream = io.StringIO()
    log = FaultLog(stream)
    for status in (200, 404):
        log.write(
            ts=0,
            request_id="r",
            actor="",
            client="",
            method="POST",
            path="/validate",
            status=status,
            received=1,
            sent=1,
            seconds=0.1,
        )
    log.flush()

    assert [json.loads(line)["status"] for line in stream.getvalue().splitlines()] == [404]

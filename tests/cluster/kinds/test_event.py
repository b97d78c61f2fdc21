"""Events belong to what they tell of, and are printed with their age."""

from datetime import UTC, datetime

from wharfinger.cluster.kinds import EVENT

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)


def fields(obj):
    return [error.field for error in EVENT.validate(obj)]


def cells(obj):
    return {column.name: column.value(obj, NOW) for column in EVENT.columns}


def test_an_event_is_in_the_namespace_of_what_it_tells_of():
    def event(own, involved):
        return {"metadata": {"namespace": own}, "involvedObject": {"namespace": involved}}

    assert fields(event("a", "a")) == []
    assert fields(event("default", "")) == []
    assert fields(event("a", "b")) == ["involvedObject.namespace"]
    assert fields(event("a", "")) == ["involvedObject.namespace"]


def test_an_event_with_a_precise_time_names_its_reporter():
    obj = {"metadata": {"namespace": "default"}, "eventTime": "2026-05-06T11:00:00.000000Z"}
    named = {"reportingComponent": "a.b/c", "reportingInstance": "i", "action": "x", "reason": "y"}

    assert fields(obj) == ["reportingComponent", "reportingInstance", "action", "reason"]
    assert fields(obj | named) == []
    assert fields(obj | named | {"reason": "x" * 129}) == ["reason"]


def test_an_event_is_printed_with_how_often_and_how_long():
    obj = {
        "involvedObject": {"kind": "Secret", "name": "a"},
        "firstTimestamp": "2026-05-06T10:00:00Z",
        "lastTimestamp": "2026-05-06T11:59:55Z",
        "count": 3,
        "reason": "Landed",
        "message": " a crate\n",
        "source": {"component": "wharf", "host": "dock"},
        "type": "Normal",
    }

    shown = cells(obj)

    assert shown["Last Seen"] == "5s (x3 over 120m)"
    assert shown["Object"] == "secret/a"
    assert shown["Message"] == "a crate"
    assert shown["Source"] == "wharf, dock"


def test_an_event_without_times_is_printed_too():
    assert cells({})["Last Seen"] == "<unknown>"
    assert cells({})["Object"] == "/"

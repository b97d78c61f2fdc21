"""The metrics of a run say of each host what it has reached, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.metrics import Measuring
from wharfinger.maintenance.node.progress import Kind, Progress


class Seen:
    def __init__(self) -> None:
        self.told: list[object] = []

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        self.told.append((state, progress))

    def note(self, text: str) -> None:
        self.told.append(text)


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Each by its name and the values of its labels."""
    return {
        (one.name.removeprefix("wharfinger_maintenance_"), *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_each_host_is_in_one_phase_and_all_is_passed_on() -> None:
    seen, written = Seen(), list[str]()
    watcher = Measuring(seen, written.append, lambda: 1_800_000_000.4)
    watcher.host(HostState("one", "pier-1"))
    watcher.host(
        HostState("one", "pier-1", Step.CORDONED, cordoned=True),
        Progress("pier-1", Kind.GONE, None, "", 3),
    )
    watcher.host(HostState("two", "pier-2", Step.DONE))
    watcher.note("paused")

    found = samples(written[-1])
    phases = {key[1:]: value for key, value in found.items() if key[0] == "phase"}
    assert {key for key, value in phases.items() if value} == {
        ("one", "pier-1", "cordoned"),
        ("two", "pier-2", "done"),
    }
    assert len(phases) == 2 * len(Step)
    assert found["cordoned", "one", "pier-1"] == 1
    assert found["cordoned", "two", "pier-2"] == 0
    assert found["pods_left", "one", "pier-1"] == 3
    assert ("pods_left", "two", "pier-2") not in found
    assert found["written_timestamp_seconds",] == 1_800_000_000
    assert len(seen.told) == 4

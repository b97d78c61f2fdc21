from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from wharfinger.hosts.on_host.storage import textfile
from wharfinger.hosts.on_host.storage.facts import StorageFacts, VolumeGroup
from wharfinger.hosts.on_host.storage.fill import DATA, FILESYSTEM, INODES, Fill
from wharfinger.hosts.on_host.storage.forecast import Forecast
from wharfinger.hosts.on_host.storage.troubles import Trouble
from wharfinger.hosts.on_host.tree import Tree

ODD = 'a "b" \\ \n ü'


def values(content: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(content)
        for sample in family.samples
    }


def test_the_metrics_are_what_prometheus_reads():
    facts = StorageFacts("quay1", groups=(VolumeGroup("docker", "u", 1 << 50, 7, 1),))
    fills = [
        Fill(DATA, "docker/pool", 25, 100),
        Fill(FILESYSTEM, ODD, 1, 2),
        Fill(INODES, "/", 1, 4),
    ]
    troubles = [Trouble("data-high", ODD, "x", "y"), Trouble("kept", "z", "x", "y", note=True)]

    content = textfile.text(facts, fills, [Forecast(DATA, "docker/pool", 1, 75.5, 1)], troubles, 9)

    prefix = "wharfinger_storage"
    pool, odd = (("kind", "data"), ("name", "docker/pool")), (("kind", "filesystem"), ("name", ODD))
    assert values(content) == {
        (f"{prefix}_size_bytes", pool): 100,
        (f"{prefix}_size_bytes", odd): 2,
        (f"{prefix}_used_bytes", pool): 25,
        (f"{prefix}_used_bytes", odd): 1,
        (f"{prefix}_used_ratio", pool): 0.25,
        (f"{prefix}_used_ratio", odd): 0.5,
        (f"{prefix}_used_ratio", (("kind", "inodes"), ("name", "/"))): 0.25,
        (f"{prefix}_full_seconds", pool): 75.5,
        (f"{prefix}_group_size_bytes", (("group", "docker"),)): 1 << 50,
        (f"{prefix}_group_free_bytes", (("group", "docker"),)): 7,
        (f"{prefix}_warning", (("code", "data-high"), ("subject", ODD))): 1,
        (f"{prefix}_looked_timestamp_seconds", ()): 9,
    }


def test_the_file_is_replaced_whole_and_readable_by_all(tmp_path: Path):
    tree = Tree(str(tmp_path))
    textfile.write(tree, "/m.prom", "a 1\n" * 1000)
    textfile.write(tree, "/m.prom", "b 2\n")

    (only,) = tmp_path.iterdir()
    assert only.read_text() == "b 2\n"
    assert only.stat().st_mode & 0o777 == 0o644

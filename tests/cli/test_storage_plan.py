"""`wharf storage plan` on hosts of values, by the facts that were written of them."""

import json
from dataclasses import replace

import pytest

from fake_storage import StorageHost
from simulated_storage import GIB, disk, done, host
from wharfinger.cli import storage_host
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.facts import Mount, Signature, StorageFacts
from wharfinger.hosts.site import file
from wharfinger.hosts.storage.plan import plan

SITE = """\
storage:
  devices: [/dev/vdb]
  volumeGroup: docker
  thinPool: {name: docker-pool}
"""


@pytest.fixture
def site(home) -> str:
    (home / "site.yaml").write_text(SITE)
    return str(home / "site.yaml")


@pytest.fixture
def planned(wharf, home, site):
    """What the command says of a host, and how it ends."""

    def run(facts: StorageFacts, *words: str):
        (home / "facts.json").write_text(json.dumps(storage_facts.to_json(facts)))
        return wharf("storage", "plan", site, "--facts", str(home / "facts.json"), *words)

    return run


EMPTY = host(disk("/dev/vdb", 8 * GIB))


def test_a_person_reads_steps_reasons_room_and_cost(planned):
    shown = planned(EMPTY)

    assert shown.code == 0
    assert shown.out.splitlines() == [
        "host.test: 5 steps: make volume group docker of /dev/vdb; make thin pool docker/docker-pool",
        "",
        "   1  make partition /dev/vdb                8G, for LVM as a whole",
        "   2  make physical volume /dev/vdb          what LVM puts volumes on",
        "   3  make volume group docker               docker is not there yet",
        "   4  make thin pool docker/docker-pool      40%FREE of docker",
        "   5  set auto-extension docker/docker-pool  docker/docker-pool grows before it is full",
        "",
        "disruption: none (nothing is disturbed)",
        "room: volume group docker: thin pool docker-pool 3.2G of 8G",
    ]


def test_a_program_gets_the_order_too(planned):
    shown = json.loads(planned(EMPTY, "-o", "json").out)

    order = plan(file.parse(SITE.encode()).storage, EMPTY).order
    assert steps.from_json(shown["order"]) == order
    assert [one["step"] for one in shown["steps"]][:2] == ["make partition", "make physical volume"]
    assert shown["refusals"] == []


def test_a_host_that_is_so_already_is_told_in_a_line(planned):
    then = done(plan(file.parse(SITE.encode()).storage, EMPTY), EMPTY)

    assert planned(then).out == "host.test: already so\n"


def test_what_cannot_be_taken_back_says_so(planned, home, site):
    (home / "site.yaml").write_text(SITE.replace("[/dev/vdb]", "[/dev/vdb, /dev/vdc]"))
    then = done(plan(file.parse(SITE.encode()).storage, EMPTY), EMPTY)

    shown = planned(replace(then, devices=(*then.devices, disk("/dev/vdc", 8 * GIB))))

    assert "extend volume docker/docker-pool" in shown.out
    assert "[stays: there is no way back]" in shown.out


def test_a_refusal_says_what_to_do_and_has_no_order(planned):
    mounted = host(
        disk("/dev/vdb", 8 * GIB, mounts=("/srv",), signatures=(Signature("xfs", 0),)),
        mounts=(Mount("/srv", "/dev/vdb", "xfs"),),
    )

    shown = planned(mounted)
    as_json = planned(mounted, "-o", "json")

    assert (shown.code, as_json.code) == (3, 3)
    assert "    /dev/vdb: /dev/vdb is mounted at /srv\n" in shown.out
    assert "cannot do it: one thing stands against it" in shown.err
    document = json.loads(as_json.out)
    assert document["refusals"][0]["code"] == "mounted"
    assert document["order"]["steps"] == []


def test_what_a_host_calls_its_things_does_not_act_on_the_terminal(planned):
    evil = disk("/dev/vdb", 8 * GIB, mounts=("/srv\x1b[2J",))

    shown = planned(host(evil))

    assert "\x1b" not in shown.out + shown.err


def test_a_site_has_to_say_something_of_storage(wharf, home):
    (home / "site.yaml").write_text("registries: {}\n")

    shown = wharf("storage", "plan", str(home / "site.yaml"))

    assert shown.code == 1
    assert "says nothing of it" in shown.err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"facts": 1}', "[" * 100_000])
def test_what_are_no_facts_is_refused(wharf, home, site, content):
    (home / "facts.json").write_text(content)

    shown = wharf("storage", "plan", site, "--facts", str(home / "facts.json"))

    assert shown.code == 2
    assert "error: cannot read facts" in shown.err


def test_who_is_not_root_is_not_told_half_a_plan(tmp_path):
    machine = StorageHost(tmp_path)
    assert storage_host.as_root(machine) is machine
    machine.fake_kernel.root = False

    with pytest.raises(storage_host.NeedsRoot):
        storage_host.as_root(machine)

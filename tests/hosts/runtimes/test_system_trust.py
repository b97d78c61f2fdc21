"""System trust: one anchor for each authority, and restarts only where they cost no container."""

from __future__ import annotations

import pytest

import made_certificates as made
from wharfinger.hosts import plan
from wharfinger.hosts.on_host.changes import Action, Disruption, SystemTrusts
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.runtimes import system_trust
from wharfinger.hosts.site.model import Site, Trust

A, B = made.authority("A"), made.authority("B")
SITE = Site(trust=Trust(system=(A.pem,)))
DEBIAN = "/usr/local/share/ca-certificates"


def host(family: str = "debian", *paths: str, **runtimes: RuntimeFacts) -> Facts:
    files = {path: FoundFile("file", digest="sha256:0", content=b"") for path in paths}
    return Facts("h", family, family, runtimes=runtimes, files=files)


@pytest.mark.parametrize(
    ("family", "folder"), [("debian", DEBIAN), ("redhat", "/etc/pki/ca-trust/source/anchors")]
)
def test_an_authority_becomes_an_anchor_and_the_bundles_are_made(family, folder):
    compiled = system_trust.compile(SITE, host(family))

    (file,) = compiled.files
    assert (file.path, file.content) == (f"{folder}/{A.read.file_name}", A.pem)
    assert [effect.action for effect in file.effects] == [Action.UPDATE_SYSTEM_TRUST]
    assert file.effects[0].disruption is Disruption.NONE
    assert compiled.proofs == (SystemTrusts(A.read.fingerprint),)
    assert compiled.limits == ()


def test_a_site_that_says_nothing_changes_nothing():
    found = host("debian", f"{DEBIAN}/wharfinger-0123456789abcdef.crt")

    assert system_trust.compile(Site(), found).files == ()


def test_what_is_ours_and_no_longer_wanted_goes_and_what_others_put_stays():
    old = f"{DEBIAN}/wharfinger-0123456789abcdef.crt"
    found = host("debian", old, f"{DEBIAN}/site.crt", f"{DEBIAN}/sub/wharfinger-1.crt", "/x.crt")

    compiled = system_trust.compile(Site(trust=Trust(system=())), found)

    assert [(file.path, file.content) for file in compiled.files] == [(old, None)]


def test_an_anchor_that_is_there_is_not_planned_again():
    path = f"{DEBIAN}/{A.read.file_name}"
    there = FoundFile("file", digest=plan.digest(A.pem), content=A.pem)
    found = Facts("h", "debian", "Debian", files={path: there})

    assert plan.plan(SITE, found, compilers=[system_trust]).changes == ()


def test_an_anchor_of_somebody_else_is_not_doubled():
    there = FoundFile("file", digest="sha256:0", content=b"# the site's\n" + A.pem + B.pem)
    found = Facts("h", "debian", "Debian", files={f"{DEBIAN}/site.crt": there})

    assert system_trust.compile(SITE, found).files == ()


def test_an_unknown_distribution_is_a_limit():
    compiled = system_trust.compile(SITE, host("other"))

    assert compiled.files == ()
    assert compiled.limits[0].statement == "trust.system"


@pytest.mark.parametrize(
    ("docker", "restarts"),
    [
        (RuntimeFacts("20.10", pid=1, containers=0), True),
        (RuntimeFacts("20.10", pid=1, containers=3, live_restore=True), True),
        (RuntimeFacts("20.10", pid=1, containers=3), False),
        (RuntimeFacts("20.10", pid=1, containers=None), False),
    ],
)
def test_dockerd_is_restarted_only_where_no_container_stops(docker, restarts):
    containerd = RuntimeFacts("1.6", pid=2)
    compiled = system_trust.compile(SITE, host("debian", docker=docker, containerd=containerd))

    actions = [effect.action for effect in compiled.files[0].effects]
    assert (Action.RESTART_DOCKER in actions) is restarts
    assert Action.RESTART_CONTAINERD not in actions
    assert [limit.instead.partition(" ")[0] for limit in compiled.limits] == (
        [] if restarts else ["dockerd"]
    )
    assert max(effect.disruption for effect in compiled.files[0].effects) <= Disruption.RESTART


def test_containerd_on_its_own_is_restarted_and_crio_is_left_alone():
    crio = RuntimeFacts("1.30", pid=3)
    compiled = system_trust.compile(
        SITE, host("debian", containerd=RuntimeFacts("1.6", pid=2), crio=crio)
    )

    assert Action.RESTART_CONTAINERD in [effect.action for effect in compiled.files[0].effects]
    assert compiled.limits[0].instead.startswith("CRI-O")


def test_daemons_that_do_not_run_are_not_restarted():
    compiled = system_trust.compile(
        SITE, host("debian", docker=RuntimeFacts("20.10"), containerd=RuntimeFacts("1.6"))
    )

    assert len(compiled.files[0].effects) == 1

from __future__ import annotations

from dataclasses import dataclass

import pytest

import made_certificates
from wharfinger.hosts.on_host.changes import (
    Action,
    ContainerdAnswers,
    Disruption,
    DockerAnswers,
    RemoveFile,
    WriteFile,
)
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.hosts.plan import Disagreement, NotAFile, digest, plan
from wharfinger.hosts.site.model import Site
from wharfinger.hosts.wanted import Compiled, Effect, Limit, WantedFile

PATH = "/etc/docker/daemon.json"
RELOAD = Effect(Action.RELOAD_DOCKER, Disruption.RELOAD, "it reads its registries again")
RESTART = Effect(Action.RESTART_DOCKER, Disruption.DRAIN, "it reads the rest at its start only")


@dataclass
class Fixed:
    """A compiler that always wants the same."""

    compiled: Compiled
    NAME: str = "fixed"
    present: bool = True

    def concerns(self, facts: Facts) -> bool:
        return self.present

    def compile(self, site: Site, facts: Facts) -> Compiled:
        return self.compiled


def facts(**files: bytes) -> Facts:
    found = {
        f"/etc/{name}": FoundFile("file", content=content, digest=digest(content))
        for name, content in files.items()
    }
    return Facts("host", "debian", "Debian 12", files=found)


def planned(found: Facts, *compiled: Compiled):
    compilers = [Fixed(one, NAME=f"runtime {at}") for at, one in enumerate(compiled)]
    return plan(Site(), found, compilers=compilers)


def test_a_host_that_is_as_wanted_has_an_empty_plan():
    wanted = WantedFile("/etc/a", b"x\n", "registries.search", (RELOAD,))

    result = planned(facts(a=b"x\n"), Compiled((wanted,), (DockerAnswers(),)))

    assert result.changes == result.effects == ()
    assert result.order.files == result.order.actions == result.order.proofs == ()


def test_a_change_carries_what_the_plan_saw():
    wanted = WantedFile("/etc/a", b"new\n", "registries.search", (RELOAD,), mode=0o600)

    result = planned(facts(a=b"old\n"), Compiled((wanted,), (DockerAnswers(),)))

    assert result.order.files == (WriteFile("/etc/a", b"new\n", digest(b"old\n"), 0o600),)
    assert result.order.actions == (Action.RELOAD_DOCKER,)
    assert result.order.proofs == (DockerAnswers(),)
    assert result.disruption is Disruption.RELOAD
    assert result.changes[0].diff() == "--- /etc/a\n+++ /etc/a\n@@ -1 +1 @@\n-old\n+new\n"


def test_a_file_that_is_not_wanted_is_removed_and_one_that_is_absent_is_not():
    absent = WantedFile("/etc/b", None, "trust")
    gone = WantedFile("/etc/a", None, "trust")

    result = planned(facts(a=b"x\n"), Compiled((gone, absent)))

    assert result.order.files == (RemoveFile("/etc/a", digest(b"x\n")),)
    assert result.changes[0].diff() == "--- /etc/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"


def test_a_restart_makes_a_reload_needless():
    files = (
        WantedFile("/etc/a", b"1\n", "x", (RELOAD,)),
        WantedFile("/etc/b", b"2\n", "x", (RESTART,)),
    )

    result = planned(facts(), Compiled(files))

    assert [effect.action for effect in result.effects] == [Action.RESTART_DOCKER]
    assert result.disruption is Disruption.DRAIN


@pytest.mark.parametrize("restarts", [True, False])
def test_that_no_daemon_restarted_is_claimed_only_where_none_shall(restarts: bool):
    reloading = WantedFile("/etc/a", b"1\n", "registries.insecure", (RELOAD,))
    other = WantedFile("/etc/b", b"2\n", "trust.system", (RESTART,) if restarts else ())

    result = planned(
        facts(), Compiled((reloading,), (DockerAnswers(same_pid=True),)), Compiled((other,))
    )

    assert result.order.proofs == (DockerAnswers(same_pid=not restarts),)


def test_actions_come_in_their_order_and_once():
    trust = Effect(Action.UPDATE_SYSTEM_TRUST, Disruption.NONE, "the bundle is made of anchors")
    files = (
        WantedFile("/etc/a", b"1\n", "x", (RELOAD,)),
        WantedFile("/etc/b", b"2\n", "x", (RELOAD, trust)),
    )

    assert planned(facts(), Compiled(files)).order.actions == (
        Action.UPDATE_SYSTEM_TRUST,
        Action.RELOAD_DOCKER,
    )


def test_only_runtimes_whose_files_change_are_proven():
    changed = Compiled((WantedFile("/etc/a", b"1\n", "x"),), (DockerAnswers(),))
    same = Compiled((WantedFile("/etc/b", b"2\n", "x"),), (ContainerdAnswers(),))

    assert planned(facts(b=b"2\n"), changed, same).order.proofs == (DockerAnswers(),)


def test_two_compilers_may_want_the_same_and_not_different_things():
    one = Compiled((WantedFile("/etc/a", b"1\n", "x"),))
    other = Compiled((WantedFile("/etc/a", b"2\n", "x"),))

    assert len(planned(facts(), one, one).changes) == 1
    with pytest.raises(Disagreement, match="/etc/a"):
        planned(facts(), one, other)


@pytest.mark.parametrize("kind", ["symlink", "directory", "other"])
def test_what_is_no_file_is_not_planned_over(kind):
    found = Facts("host", "debian", "Debian", files={PATH: FoundFile(kind, target="/etc/shadow")})

    with pytest.raises(NotAFile, match=f"there stands a {kind}"):
        planned(found, Compiled((WantedFile(PATH, b"{}", "x"),)))


def test_a_file_that_was_too_large_to_read_is_not_written_over():
    found = Facts("host", "debian", "Debian 12", files={PATH: FoundFile("file")})
    wanted = Fixed(Compiled((WantedFile(PATH, b"{}", "registries.insecure"),)))

    with pytest.raises(NotAFile, match="too large"):
        plan(Site(), found, compilers=[wanted])


def test_a_secret_is_never_shown():
    wanted = WantedFile("/etc/a.key", b"-----BEGIN canary", "trust", mode=0o600, secret=True)

    result = planned(facts(), Compiled((wanted,)))

    assert "canary" not in result.changes[0].diff()
    assert "canary" not in repr(wanted)
    assert "canary" not in repr(result) + repr(result.order)


def test_a_program_is_not_shown():
    wanted = WantedFile("/usr/local/lib/program", b"#!/bin/sh\n\0" * 200, "x", mode=0o755)

    assert planned(facts(), Compiled((wanted,))).changes[0].diff() == (
        "--- /dev/null\n+++ /usr/local/lib/program\n(program of 2 KiB, not shown)\n"
    )


def test_a_certificate_is_told_by_its_subject_and_its_end():
    authority = made_certificates.authority("Site CA")
    wanted = WantedFile("/etc/a.crt", authority.pem, "trust.system")

    diff = planned(facts(), Compiled((wanted,))).changes[0].diff()

    until = f"{authority.read.ends:%Y-%m-%d}"
    assert diff == f"--- /dev/null\n+++ /etc/a.crt\n(certificate of Site CA until {until})\n"


def test_what_only_looks_like_a_certificate_is_shown():
    wanted = WantedFile("/etc/a.crt", b"-----BEGIN CERTIFICATE-----\nx\n", "trust.system")

    assert "+x\n" in planned(facts(), Compiled((wanted,))).changes[0].diff()


def test_a_runtime_that_is_not_there_is_left_out():
    compiler = Fixed(Compiled((WantedFile("/etc/a", b"1\n", "x"),)), present=False)

    assert plan(Site(), facts(), compilers=[compiler]).changes == ()


def test_limits_name_their_runtime():
    limit = Limit("registries.search", "Docker takes a short name from Docker Hub")

    assert planned(facts(), Compiled(limits=(limit,))).limits == (("runtime 0", limit),)

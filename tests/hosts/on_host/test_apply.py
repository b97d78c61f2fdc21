from __future__ import annotations

import errno
import itertools
import os
import subprocess
from pathlib import Path

import pytest

import fake_host
from e2e import machine
from fake_host import DAEMON_JSON, Docker, FakeHost
from wharfinger.hosts.on_host import apply, states
from wharfinger.hosts.on_host.apply import ChangedSince, NothingToUndo, PlannedTooEarly
from wharfinger.hosts.on_host.changes import (
    Action,
    DockerAnswers,
    MakeDirectory,
    Order,
    RemoveDirectory,
    RemoveFile,
    WriteFile,
    WriteLink,
)
from wharfinger.hosts.on_host.journal import (
    HostLocked,
    Journal,
    JournalClosed,
    JournalUnreadable,
    JournalUnsafe,
)
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.ordered import ChangedSincePlan, TwoChanges
from wharfinger.hosts.on_host.preflight import NotWritable
from wharfinger.hosts.on_host.results import Ending, Holds
from wharfinger.hosts.on_host.states import ChangedMeanwhile, DiskFull, NotAFile
from wharfinger.hosts.on_host.tree import Disk, LinkInPath

OLD = b'{"insecure-registries": []}\n'
NEW = b'{"insecure-registries": ["quay1.test:5000"]}\n'
CERTIFICATE = "/etc/docker/certs.d/quay1.test:5000/wharfinger-00.crt"


@pytest.fixture
def root(tmp_path):
    fake_host.put(tmp_path, DAEMON_JSON, OLD, mode=0o640)
    return tmp_path


@pytest.fixture
def host(root):
    return FakeHost(root, docker=Docker())


def reloading(*files, **claims):
    return Order(files, (Action.RELOAD_DOCKER,), (DockerAnswers(**claims),))


def edit(new=NEW, old=OLD):
    return fake_host.write(DAEMON_JSON, new, over=old)


def test_an_order_is_carried_out_and_proven(root, host):
    wanted = reloading(
        edit(),
        fake_host.write(CERTIFICATE, b"pem"),
        insecure=("quay1.test:5000",),
        same_pid=True,
    )

    outcome = apply.apply(wanted, host)

    assert outcome.ending is Ending.APPLIED
    assert (outcome.id, outcome.actions) == ("000001", ("reload docker",))
    assert outcome.paths == (DAEMON_JSON, CERTIFICATE)
    assert [proof.holds for proof in outcome.proofs] == [Holds.YES]
    assert (root / DAEMON_JSON[1:]).read_bytes() == NEW
    assert (root / DAEMON_JSON[1:]).stat().st_mode & 0o777 == 0o640
    assert host.docker.reloads == 1
    assert apply.history(host) == [outcome]


def test_an_empty_order_does_nothing_and_writes_nothing(root, host):
    before = sorted(root.rglob("*"))

    assert apply.apply(Order(), host).ending is Ending.NOTHING_TO_DO
    assert apply.recover(host) == []
    assert apply.history(host) == []
    assert sorted(root.rglob("*")) == before


def test_undo_brings_back_bytes_modes_and_times_and_takes_new_directories_away(root, host):
    before = fake_host.picture(root)
    apply.apply(reloading(edit(), fake_host.write(CERTIFICATE, b"pem")), host)

    outcome = apply.undo(host)

    assert (outcome.id, outcome.ending) == ("000001", Ending.UNDONE)
    assert [proof.holds for proof in outcome.proofs] == [Holds.YES]
    assert fake_host.picture(root) == before
    assert host.docker.config == {"insecure-registries": []}


def test_undo_steps_back_through_history(root, host):
    pictures = []
    contents = [OLD, b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']
    for old, new in itertools.pairwise(contents):
        pictures.append(fake_host.picture(root))
        apply.apply(Order((edit(new, old),)), host)

    for picture in reversed(pictures):
        apply.undo(host)
        assert fake_host.picture(root) == picture
    with pytest.raises(NothingToUndo):
        apply.undo(host)
    assert {outcome.ending for outcome in apply.history(host)} == {Ending.UNDONE}


def test_an_earlier_apply_is_undone_by_its_number_unless_a_later_one_changed_its_files(host):
    apply.apply(Order((edit(),)), host)
    apply.apply(Order((fake_host.write("/etc/other", b"x"),)), host)
    apply.apply(Order((edit(b"{}", NEW),)), host)

    with pytest.raises(ChangedSince) as refused:
        apply.undo(host, "1")
    assert refused.value.paths == (DAEMON_JSON,)
    assert apply.undo(host, "2").ending is Ending.UNDONE
    with pytest.raises(NothingToUndo):
        apply.undo(host, "2")


def test_undo_refuses_to_lose_what_somebody_else_wrote_unless_forced(root, host):
    before = fake_host.picture(root)
    apply.apply(Order((edit(),)), host)
    (root / DAEMON_JSON[1:]).write_bytes(b"theirs")

    with pytest.raises(ChangedSince):
        apply.undo(host)
    assert (root / DAEMON_JSON[1:]).read_bytes() == b"theirs"

    apply.undo(host, force=True)
    assert fake_host.picture(root) == before


def test_undo_keeps_a_directory_that_others_have_used_since(root, host):
    apply.apply(Order((fake_host.write(CERTIFICATE, b"pem"),)), host)
    theirs = root.joinpath(CERTIFICATE[1:]).with_name("theirs.crt")
    theirs.write_bytes(b"x")

    apply.undo(host)

    assert theirs.exists()
    assert not root.joinpath(CERTIFICATE[1:]).exists()


def test_directories_that_we_made_go_with_the_last_file_and_come_back_with_undo(root, host):
    apply.apply(Order((fake_host.write(CERTIFICATE, b"pem"),)), host)
    made = root / "etc/docker/certs.d"
    made.chmod(0o711)
    before = fake_host.picture(root)

    apply.apply(Order((RemoveFile(CERTIFICATE, states.digest(b"pem")),)), host)
    assert not made.exists()
    assert (root / "etc/docker").exists()

    apply.undo(host)
    assert fake_host.picture(root) == before


def test_a_directory_that_was_there_before_us_stays(root, host):
    (root / "etc/docker/certs.d/quay1.test:5000").mkdir(parents=True)
    apply.apply(Order((fake_host.write(CERTIFICATE, b"pem"),)), host)

    apply.apply(Order((RemoveFile(CERTIFICATE, states.digest(b"pem")),)), host)

    assert (root / "etc/docker/certs.d/quay1.test:5000").is_dir()


def test_a_restore_puts_links_directories_and_exact_modes(root, host):
    fake_host.put(root, "/etc/pki/a", b"a", mode=0o644)
    (root / "etc/pki/gone").mkdir()
    before = fake_host.picture(root)
    order = Order(
        (
            WriteFile("/etc/pki/a", b"a", states.digest(b"a"), 0o600, exact=True),
            WriteLink("/etc/pki/b", "a", None),
            MakeDirectory("/etc/pki", 0o700),
            RemoveDirectory("/etc/pki/gone"),
        )
    )

    apply.apply(order, host)

    assert (root / "etc/pki/a").stat().st_mode & 0o777 == 0o600
    assert (root / "etc/pki/b").readlink() == Path("a")
    assert (root / "etc/pki").stat().st_mode & 0o777 == 0o700
    assert not (root / "etc/pki/gone").exists()
    apply.undo(host)
    assert fake_host.picture(root) == before


def test_in_a_tree_of_their_own_a_user_owns_what_is_made(root, host, monkeypatch):
    user = 1000 if os.geteuid() == 0 else os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user)

    apply.apply(Order((fake_host.write(CERTIFICATE, b"pem"),)), host)

    assert (root / CERTIFICATE[1:]).stat().st_uid == user
    assert (root / CERTIFICATE[1:]).parent.stat().st_uid == user


def test_who_may_not_look_into_the_journal_is_told_so(host, monkeypatch):
    def closed(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(host.files, "names", closed)

    with pytest.raises(JournalClosed):
        apply.history(host)


# What is refused before anything is changed


def test_a_file_that_is_not_as_the_plan_saw_it_is_refused(root, host):
    before = fake_host.picture(root)

    for change in (
        edit(old=b"something else"),
        fake_host.write(DAEMON_JSON, NEW),
        RemoveFile("/etc/none", states.digest(b"")),
    ):
        with pytest.raises(ChangedSincePlan):
            apply.apply(Order((fake_host.write("/etc/first", b""), change)), host)

    assert fake_host.picture(root) == before


def test_two_changes_of_one_path_are_refused(host):
    with pytest.raises(TwoChanges):
        apply.apply(Order((edit(), edit())), host)


def test_a_link_in_place_of_a_file_is_not_followed(root, host):
    shadow = fake_host.put(root, "/etc/shadow", b"secret")
    (root / DAEMON_JSON[1:]).unlink()
    (root / DAEMON_JSON[1:]).symlink_to(shadow)

    with pytest.raises(ChangedSincePlan):
        apply.apply(Order((edit(),)), host)
    with pytest.raises(ChangedSincePlan):
        apply.apply(Order((edit(old=b"secret"),)), host)

    assert shadow.read_bytes() == b"secret"


@pytest.mark.parametrize("link", ["etc", "etc/docker"])
def test_a_link_in_place_of_a_directory_is_refused(root, host, link):
    (root / link).rename(root / "elsewhere")
    (root / link).symlink_to("elsewhere" if link == "etc" else "../elsewhere")

    with pytest.raises(LinkInPath):
        apply.apply(Order((edit(),)), host)


def test_a_link_in_place_of_the_journal_is_refused(root, host):
    (root / "var").mkdir()
    (root / "elsewhere").mkdir()
    (root / "var/lib").symlink_to("../elsewhere")

    with pytest.raises(LinkInPath):
        apply.apply(Order((edit(),)), host)
    assert list((root / "elsewhere").iterdir()) == []


def test_pipes_directories_and_hard_links_are_refused(root, host):
    os.mkfifo(root / "etc/pipe")
    (root / "etc/directory").mkdir()
    fake_host.put(root, "/etc/one", b"1")
    (root / "etc/two").hardlink_to(root / "etc/one")

    for path, old in (("/etc/pipe", None), ("/etc/directory", None), ("/etc/one", b"1")):
        with pytest.raises(NotAFile):
            apply.apply(Order((edit(), fake_host.write(path, b"", over=old))), host)

    assert (root / DAEMON_JSON[1:]).read_bytes() == OLD


def test_a_directory_that_everybody_may_write_is_refused(root, host):
    (root / "etc/docker").chmod(0o1777)

    with pytest.raises(NotWritable, match="everybody may write"):
        apply.apply(Order((edit(),)), host)


@pytest.mark.parametrize("flag", ["i", "a"])
@pytest.mark.parametrize("path", [DAEMON_JSON, "/etc/docker"])
def test_what_is_immutable_is_found_before_anything_is_changed(root, host, path, flag):
    place = root / path[1:]
    set_flag = subprocess.run(("chattr", f"+{flag}", place), capture_output=True, check=False)
    if set_flag.returncode != 0:
        raise machine.missing("a file system and a user that can set the flag")
    before = fake_host.picture(root)
    try:
        with pytest.raises(NotWritable, match=r"immutable|grow"):
            apply.apply(Order((fake_host.write("/etc/first", b""), edit())), host)
    finally:
        subprocess.run(("chattr", f"-{flag}", place), check=True)
    assert fake_host.picture(root) == before


def test_an_order_that_does_not_fit_is_refused(root, host, monkeypatch):
    small = os.statvfs_result((4096, 4096, 100, 10, 10, 100, 100, 100, 0, 255))
    monkeypatch.setattr(os, "fstatvfs", lambda _: small)

    with pytest.raises(DiskFull):
        apply.apply(Order((edit(bytes(1 << 20)),)), host)


def test_two_at_a_time_are_refused(root, host):
    with Journal(host.files).locked(), pytest.raises(HostLocked):
        apply.apply(Order((edit(),)), FakeHost(root))


# What is brought back


def test_a_file_that_is_swapped_while_we_write_is_left_to_who_did_it(root):
    class Racing(Disk):
        def create(self, directory, name):
            if name.endswith("~"):
                (root / DAEMON_JSON[1:]).write_bytes(b"theirs")
            return super().create(directory, name)

    outcome = apply.apply(Order((edit(),)), FakeHost(root, disk=Racing()))

    assert outcome.ending is Ending.ROLLED_BACK
    assert ChangedMeanwhile(DAEMON_JSON).message in outcome.trouble
    assert "stays" in outcome.trouble
    assert (root / DAEMON_JSON[1:]).read_bytes() == b"theirs"


def test_a_daemon_that_refuses_the_file_gets_the_old_one_and_is_up_again(root, host):
    before = fake_host.picture(root)

    outcome = apply.apply(reloading(edit(b"not json")), host)

    assert outcome.ending is Ending.ROLLED_BACK
    assert "docker" in outcome.trouble
    assert [(proof.what, proof.holds) for proof in outcome.proofs] == [("docker is up", Holds.YES)]
    assert fake_host.picture(root) == before
    assert (host.docker.alive, host.docker.starts) == (True, 2)


def test_a_claim_that_does_not_hold_brings_all_back(root, host):
    before = fake_host.picture(root)

    outcome = apply.apply(reloading(edit(), insecure=("other.test",)), host)

    assert outcome.ending is Ending.ROLLED_BACK
    assert "quay1.test:5000" in outcome.trouble
    assert fake_host.picture(root) == before
    assert host.docker.config == {"insecure-registries": []}


def test_a_tool_that_fails_brings_all_back_and_is_asked_again(root, host):
    before = fake_host.picture(root)
    anchor = "/usr/local/share/ca-certificates/wharfinger-00.crt"
    host.answers = lambda _: Ran(1, "broken store")

    outcome = apply.apply(
        Order((fake_host.write(anchor, b"pem"),), (Action.UPDATE_SYSTEM_TRUST,)), host
    )

    assert outcome.ending is Ending.ROLLED_BACK
    assert outcome.trouble.count("broken store") == 2
    assert fake_host.picture(root) == before


def test_an_interrupt_brings_all_back(root, host):
    before = fake_host.picture(root)

    def interrupted(command):
        host.answers = lambda _: Ran(0, "")
        raise KeyboardInterrupt

    host.answers = interrupted
    outcome = apply.apply(Order((edit(),), (Action.UPDATE_SYSTEM_TRUST,)), host)

    assert (outcome.ending, outcome.trouble) == (Ending.ROLLED_BACK, "it was interrupted")
    assert fake_host.picture(root) == before


# What was killed


def killed(root, order, step=25):
    with pytest.raises(fake_host.Killed):
        apply.apply(order, FakeHost(root, disk=fake_host.MortalDisk(step)))


def test_an_unfinished_apply_is_told_and_brought_back(root, host):
    before = fake_host.picture(root)
    killed(root, Order((edit(),)))
    assert [outcome.ending for outcome in apply.history(host)] == [Ending.UNFINISHED]

    (outcome,) = apply.recover(host)

    assert (outcome.ending, outcome.trouble) == (Ending.ROLLED_BACK, "it was killed")
    assert fake_host.picture(root) == before
    assert list((root / "etc/docker").iterdir()) == [root / DAEMON_JSON[1:]]


def test_an_order_planned_on_what_a_killed_apply_left_is_refused(root, host):
    killed(root, Order((edit(),)))

    with pytest.raises(PlannedTooEarly):
        apply.apply(Order((fake_host.write("/etc/other", b""),)), host)
    assert not (root / "etc/other").exists()


def test_undo_of_a_killed_apply_brings_back_that_and_no_more(root, host):
    apply.apply(Order((edit(),)), host)
    between = fake_host.picture(root)
    killed(root, Order((edit(b"{}", NEW),)))

    assert apply.undo(host).id == "000002"
    assert fake_host.picture(root) == between


def test_what_somebody_wrote_after_the_kill_stays(root, host):
    killed(root, Order((edit(),)))
    (root / DAEMON_JSON[1:]).write_bytes(b"theirs")

    (outcome,) = apply.recover(host)

    assert f"{DAEMON_JSON} was changed by somebody else and stays" in outcome.trouble
    assert (root / DAEMON_JSON[1:]).read_bytes() == b"theirs"


# Trees and journals


def test_in_a_tree_nothing_runs_and_nothing_is_claimed(root):
    tree = Machine(str(root))

    outcome = apply.apply(reloading(edit(), insecure=("x",)), tree)

    assert tree.is_tree
    assert outcome.ending is Ending.APPLIED
    assert [proof.holds for proof in outcome.proofs] == [Holds.UNKNOWN]


def test_the_journal_is_for_root_alone_and_does_not_keep_new_keys(root, host):
    key = fake_host.write("/etc/docker/certs.d/a/wharfinger.key", b"new secret", mode=0o600)
    apply.apply(Order((edit(), key)), host)

    journal = root / "var/lib/wharfinger-host"
    assert journal.stat().st_mode & 0o777 == 0o700
    for file in journal.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"secret" not in file.read_bytes()
        assert b"bmV3IHNlY3JldA" not in file.read_bytes()


def test_the_journal_keeps_a_hundred_entries_and_goes_on_counting(root, host):
    content = OLD
    for number in range(103):
        new = b"%d" % number
        apply.apply(Order((edit(new, content),)), host)
        content = new

    ids = [outcome.id for outcome in apply.history(host)]
    assert (ids[0], ids[-1], len(ids)) == ("000004", "000103", 100)
    assert len(list((root / "var/lib/wharfinger-host").glob("*.outcome.json"))) == 100


@pytest.mark.parametrize("folder", ["var/lib", "var/lib/wharfinger-host"])
def test_a_journal_that_others_could_have_written_is_not_believed(root, host, folder):
    apply.apply(Order((edit(),)), host)
    (root / folder).chmod(0o777)

    with pytest.raises(JournalUnsafe, match=folder):
        apply.undo(host)
    with pytest.raises(JournalUnsafe):
        apply.history(host)


def test_a_journal_entry_that_cannot_be_read_is_named(root, host):
    apply.apply(Order((edit(),)), host)
    entry = root / "var/lib/wharfinger-host/000001.applied.json"
    entry.write_bytes(b"{")

    with pytest.raises(JournalUnreadable, match=r"000001\.applied\.json"):
        apply.undo(host)


def test_a_full_disk_is_said_before_anything_is_changed(root):
    class Full(Disk):
        def create(self, directory, name):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        apply.apply(Order((edit(),)), FakeHost(root, disk=Full()))
    assert (root / DAEMON_JSON[1:]).read_bytes() == OLD

import os
import select
import sys

from wharfinger.system import processes


def test_a_started_process_has_its_own_session_and_writes_to_a_private_log(tmp_path):
    log = tmp_path / "log"
    code = "import os; print(os.getsid(0) == os.getpid(), os.environ['WHARF_X'], flush=True)"

    pid = processes.spawn((sys.executable, "-c", code), environment={"WHARF_X": "y"}, log=log)
    os.waitpid(pid, 0)

    assert log.read_text() == "True y\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_log_of_an_earlier_process_is_kept(tmp_path):
    log = tmp_path / "log"
    log.write_text("earlier\n")

    os.waitpid(processes.spawn((sys.executable, "-c", "print(1)"), environment={}, log=log), 0)

    assert log.read_text() == "earlier\n1\n"


def test_a_process_that_listens_ends_in_time(tmp_path):
    code = "import time; print('up', flush=True); time.sleep(60)"
    pid = processes.spawn((sys.executable, "-c", code), environment={}, log=tmp_path / "log")

    assert processes.terminate(pid, seconds=10)
    os.waitpid(pid, 0)


def test_a_process_that_does_not_listen_is_left_alone_and_reported(tmp_path):
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    pid = processes.spawn((sys.executable, "-c", code), environment={}, log=log)
    ended = processes.watch(pid)
    while "deaf" not in log.read_text():
        assert not select.select([ended], [], [], 0.01)[0]

    assert not processes.terminate(pid, seconds=0.05)

    os.close(ended)
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def test_a_process_that_is_gone_counts_as_ended():
    pid = os.posix_spawn(sys.executable, (sys.executable, "-c", ""), os.environ)
    os.waitpid(pid, 0)

    assert processes.watch(pid) is None
    assert processes.terminate(pid, seconds=1)

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wharfinger import __version__
from wharfinger.cli import app, exit_codes
from wharfinger.cli.errors import Blocked, PartlyDone, TimedOut, UsageError
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.errors import Conflict, Forbidden, NotFound, Unauthenticated

WHARF = (sys.executable, "-c", "from wharfinger.cli.main import main; main()")
COMMANDS = [command.name for command in app.COMMANDS]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("x"), ExitCode.ERROR),
        (Conflict("x"), ExitCode.ERROR),
        (UsageError("x"), ExitCode.USAGE),
        (Blocked("x"), ExitCode.BLOCKED),
        (PartlyDone(1, 2), ExitCode.PARTIAL),
        (Forbidden("x"), ExitCode.REFUSED),
        (Unauthenticated("x"), ExitCode.REFUSED),
        (TimedOut("x", 1), ExitCode.TIMEOUT),
    ],
)
def test_every_kind_of_failure_has_its_exit_code(error, code):
    assert exit_codes.of_error(error) == code


def test_every_exit_code_has_a_meaning():
    assert set(exit_codes.MEANINGS) == set(ExitCode)


def test_the_reference_shows_the_same_table():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "exit-codes.md").read_text()

    for code, meaning in exit_codes.MEANINGS.items():
        assert f"| {code:d} | {meaning} |" in page


def test_help_lists_the_commands_and_no_older_spelling(wharf):
    result = wharf("--help")

    assert result.code == ExitCode.OK
    assert all(f"  {name}: " in result.out for name in COMMANDS)
    assert "new-project" not in result.out


def test_version_is_told(wharf):
    assert wharf("--version").out == f"{__version__}\n"


@pytest.mark.parametrize("name", [*COMMANDS, *(command.name for command in app.OLDER_SPELLINGS)])
def test_every_command_has_help(wharf, name):
    result = wharf(name, "--help")

    assert result.code == ExitCode.OK
    assert result.out.startswith(f"Usage: wharf {name}")


@pytest.mark.parametrize("arguments", [["nonsense"], ["whoami", "--nonsense"], ["sa", "create"]])
def test_a_command_line_outside_the_grammar_is_a_usage_error(wharf, arguments):
    result = wharf(*arguments)

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert re.match(r"error: .*\nhint: ", result.err)


def test_an_argument_that_is_no_text_is_a_usage_error(wharf, kubeconfig):
    assert wharf("sa", "create", "\udcff").code == ExitCode.USAGE


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_a_usage_error(wharf, kubeconfig, seconds):
    assert wharf("whoami", f"--request-timeout={seconds}").code == ExitCode.USAGE


def test_without_a_context_it_is_said_where_one_comes_from(wharf):
    result = wharf("whoami")

    assert result.code == ExitCode.ERROR
    assert "hint: log in with `wharf login SERVER`" in result.err


def test_color_is_heeded_in_errors_and_never_in_results(wharf, kubeconfig):
    assert wharf("sa", "delete", "x", "--color", "always").err.startswith("\x1b[31mError from")
    assert wharf("sa", "delete", "x", "--color=always").err.startswith("\x1b[31mError from")
    assert "\x1b" not in wharf("sa", "list", "-o", "json", "--color", "always").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(wharf, shell):
    result = wharf("completion", shell)

    assert result.code == ExitCode.OK
    assert "whoami" in result.out


def environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home)}


def test_help_imports_neither_yaml_nor_a_client_nor_the_server(home):
    program = (
        "import sys; from wharfinger.cli import app; app.run(['--help']); "
        "print([m for m in ('aiohttp', 'ruamel.yaml', 'http.client', 'asyncio', 'sqlite3', 'starlette',"
        " 'wharfinger.server', 'wharfinger.registry') if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stderr == "[]\n"


INTERRUPTIBLE = (
    # Whoever is started in the background, as tests may be, has its interrupts ignored.
    *("env", "--default-signal=INT"),
    *WHARF,
)


def test_an_interrupt_ends_with_its_signal_number(home, server):
    config = home / "config"
    config.write_text(
        f'current-context: c\nclusters: [{{name: c, cluster: {{server: "{server.url}/hang"}}}}]\n'
        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
    )
    process = subprocess.Popen(
        [*INTERRUPTIBLE, "whoami"], env=environment(home) | {"KUBECONFIG": str(config)}
    )
    server.asked.wait(30)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 128 + signal.SIGINT


def test_a_reader_that_has_seen_enough_is_no_traceback(home):
    process = subprocess.Popen(
        [*WHARF, "completion", "bash"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""

    assert process.wait(30) == 128 + signal.SIGPIPE

from __future__ import annotations

import pytest
from cyclopts import App, CycloptsError

from wharfinger.cli import evacuate_options
from wharfinger.cli.errors import UsageError
from wharfinger.cli.evacuate_options import DRAIN, Drain, DryRun
from wharfinger.maintenance.options import Options


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("90", 90),
        ("1.5", 1.5),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
    ],
)
def test_durations_are_those_of_kubectl_and_plain_seconds(text, seconds):
    assert evacuate_options.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "m", "5x", "5m3", "-5s", "5 m", "1e3", "٣s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is no duration"):
        evacuate_options.seconds(text)


def parsed(*words: str) -> Drain:
    app = App(result_action="return_value", print_error=False, exit_on_error=False)

    @app.default
    def command(*nodes: str, drain: Drain = DRAIN) -> Drain:
        return drain

    found = app(["n", *words])
    assert isinstance(found, Drain)
    return found


def test_without_flags_it_is_what_kubectl_does():
    assert parsed().options() == Options()
    assert parsed().dry is DryRun.NONE


def test_every_flag_of_kubectl_is_taken():
    drain = parsed(
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--force=true",
        "--grace-period=7",
        "--timeout=5m",
        "--pod-selector=app=web",
        "--skip-wait-for-delete-timeout=20",
        "--disable-eviction",
        "--chunk-size=100",
    )

    assert drain.options(wait_replacements=True, once=True) == Options(
        ignore_daemon_sets=True,
        delete_empty_dir_data=True,
        force=True,
        grace=7,
        timeout=300,
        pod_selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]},
        skip_wait_for_delete=20,
        disable_eviction=True,
        wait_replacements=True,
        once=True,
    )


def test_the_old_name_for_local_data_is_taken():
    assert parsed("--delete-local-data").delete_emptydir_data


@pytest.mark.parametrize(
    ("words", "dry"),
    [
        ((), DryRun.NONE),
        (("--dry-run=none",), DryRun.NONE),
        (("--dry-run",), DryRun.CLIENT),
        (("--dry-run=client",), DryRun.CLIENT),
        (("--dry-run=server",), DryRun.SERVER),
    ],
)
def test_a_dry_run_needs_no_word(words, dry):
    assert parsed(*words).dry is dry


@pytest.mark.parametrize("word", ["--timeout=soon", "--dry-run=sure", "--grace-period=x"])
def test_a_wrong_value_is_a_mistake_of_usage(word):
    with pytest.raises(CycloptsError):
        parsed(word)


def test_a_selector_becomes_what_the_api_takes():
    assert evacuate_options.label_selector("") is None
    assert evacuate_options.label_selector("a=b,c in (d, e),f!=g,h,!i") == {
        "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["b"]},
            {"key": "c", "operator": "In", "values": ["d", "e"]},
            {"key": "f", "operator": "NotIn", "values": ["g"]},
            {"key": "h", "operator": "Exists"},
            {"key": "i", "operator": "DoesNotExist"},
        ]
    }


@pytest.mark.parametrize("text", ["a=b,", "a>3", "=b"])
def test_what_selects_nothing_is_refused(text):
    with pytest.raises(UsageError):
        evacuate_options.label_selector(text)

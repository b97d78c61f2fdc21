"""`wharf search`: whom it asks, with what, and how it ends."""

from __future__ import annotations

import base64
import json
import threading

import pytest

import made_certificates
from remote_script import Handler, Scripted, Server, challenged, found

BASIC = "Basic " + base64.b64encode(b"ann:open sesame").decode()


@pytest.fixture
def serve(home, monkeypatch):
    """Scripted registries without TLS, and a home whose logins are its own."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home)
    running = []

    def start(*repositories: str) -> Scripted:
        server = Server(("127.0.0.1", 0), Handler)
        server.script = Scripted(port=server.server_address[1])
        server.script.answers["/v2/_catalog"] = found({"repositories": list(repositories)})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.script

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def site(home, *registries: Scripted, more: str = "") -> None:
    hosts = json.dumps([one.host for one in registries])
    (home / "site.yaml").write_text(
        f"registries:\n  search: {hosts}\n  insecure: ['127.0.0.0/8']\n{more}"
    )


def test_results_stand_in_the_order_of_the_site(wharf, home, serve):
    first, second = serve("z/tide", "y"), serve("a/tide-clock", "tide")
    site(home, second, first)

    done = wharf("search", "tide", "-o", "name")

    assert done.out.splitlines() == [
        f"{second.host}/a/tide-clock",
        f"{second.host}/tide",
        f"{first.host}/z/tide",
    ]
    assert (done.code, done.err) == (0, "")


def test_some_failures_are_told_and_end_with_4(wharf, home, serve):
    good, bad = serve("tide"), serve()
    bad.answers["/v2/_catalog"] = (403, {}, b"")
    site(home, bad, good)

    done = wharf("search", "tide")
    program = wharf("search", "tide", "-o", "json")

    assert done.code == 4
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["REGISTRY", "NAME"],
        [good.host, "tide"],
    ]
    assert f"cannot ask http://{bad.host}: it does not allow this (403)" in done.err
    assert json.loads(program.out) == {
        "items": [
            {
                "registry": good.host,
                "name": "tide",
                "description": "",
                "stars": 0,
                "official": False,
            }
        ],
        "failures": [
            {
                "registry": bad.host,
                "code": "remote-not-allowed",
                "reason": "it does not allow this (403)",
            }
        ],
    }


def test_if_none_answers_it_ends_with_1(wharf, home, serve):
    bad = serve()
    del bad.answers["/v2/_catalog"]
    site(home, bad)

    done = wharf("search", "tide")

    assert (done.code, done.out) == (1, "")
    assert "answers 404 to /v2/_catalog" in done.err


def test_what_the_site_blocks_is_neither_asked_nor_listed(wharf, home, serve):
    blocked, partly = serve("tide"), serve("team/tide", "other/tide")
    site(
        home,
        blocked,
        partly,
        more=f"  block: ['{blocked.host}', '{partly.host}']\n  allow: ['{partly.host}/team']\n",
    )

    done = wharf("search", "tide", "-o", "name")

    assert done.out == f"{partly.host}/team/tide\n"
    assert f"note: {blocked.host} is not asked: {blocked.host} is blocked by site rule" in done.err
    assert blocked.seen == []


def test_if_all_are_blocked_that_is_the_error(wharf, home, serve):
    blocked = serve("tide")
    site(home, blocked, more="  block: [all]\n")

    done = wharf("search", "tide")

    assert done.code == 5
    assert "the site blocks each of the registries" in done.err


def test_a_registry_that_is_named_takes_the_place_of_the_site(wharf, home, serve):
    other, named = serve("tide"), serve("tide")
    site(home, other)

    without = wharf("search", "tide", "--registry", named.host)
    with_site = wharf(
        "search", "tide", "--registry", named.host, "--site", "site.yaml", "-o", "name"
    )

    assert without.code == 1
    assert "does not speak TLS" in without.err
    assert with_site.out == f"{named.host}/tide\n"
    assert other.seen == []


def test_without_a_search_list_the_allowed_registries_are_asked(wharf, home, serve):
    allowed = serve("tide")
    (home / "site.yaml").write_text(
        f"registries:\n  insecure: ['{allowed.host}']\n  allow: ['{allowed.host}', '*.a.test']\n"
    )

    assert wharf("search", "tide", "-o", "name").out == f"{allowed.host}/tide\n"


def test_logins_are_those_of_the_user(wharf, home, serve):
    script = serve()
    script.answers["/v2/_catalog"] = challenged(
        "Basic realm=x", found({"repositories": ["tide"]}), accepts=BASIC
    )
    site(home, script)
    (home / ".docker").mkdir()
    entry = {"auth": base64.b64encode(b"ann:open sesame").decode()}
    (home / ".docker/config.json").write_text(json.dumps({"auths": {script.host: entry}}))

    assert wharf("search", "tide", "-o", "name").out == f"{script.host}/tide\n"


def test_logins_that_cannot_be_read_are_told_without_what_is_in_them(wharf, home, serve):
    site(home, serve("tide"))
    (home / ".dockercfg").write_text('{"open sesame"')

    done = wharf("search", "tide")

    assert done.code == 0
    assert f"the logins in {home / '.dockercfg'} are not used" in done.err
    assert "sesame" not in done.err


def test_text_from_outside_cannot_act_on_the_terminal(wharf, home, serve):
    script = serve()
    result = {"name": "tide", "description": "\x1b]0;owned\x07\u202eevil\nREGISTRY"}
    script.answers["/v1/search"] = found({"results": [result]})
    site(home, script)

    done = wharf("search", "tide")

    assert len(done.out.splitlines()) == 2
    assert "\\x1b]0;owned\\x07\\u202eevil\\x0aREGISTRY" in done.out


def test_more_and_nothing_are_both_said(wharf, home, serve):
    site(home, serve("tide-1", "tide-2"))

    assert "has more: give a larger --limit" in wharf("search", "tide", "--limit", "1").err
    assert "no image was found" in wharf("search", "anchor").err


@pytest.mark.parametrize(
    "words",
    [
        ("",),
        ("a\nb",),
        ("tide", "--limit", "0"),
        ("tide", "--timeout", "0"),
        ("tide", "--timeout", "nan"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(wharf, home, serve, words):
    script = serve("tide")
    site(home, script)

    assert wharf("search", *words).code == 2
    assert script.seen == []


def test_a_site_that_names_no_registries_says_what_to_do(wharf, home, serve):
    (home / "site.yaml").write_text("registries: {}\n")

    done = wharf("search", "tide")

    assert done.code == 2
    assert "--registry HOST" in done.err


def test_a_client_certificate_of_the_site_is_used(wharf, home, serve):
    """A key that is not the certificate's would be refused by the site file already."""
    authority = made_certificates.authority()
    shown = made_certificates.client(authority)
    (home / "host.cert").write_bytes(shown.pem)
    (home / "host.key").write_bytes(shown.key_pem)
    (home / "host.key").chmod(0o600)
    (home / "ca.crt").write_bytes(authority.pem)
    script = serve("tide")
    site(
        home,
        script,
        more=f"trust:\n  registries:\n    '{script.host}':\n      ca: ca.crt\n"
        "      client: {cert: host.cert, key: host.key}\n",
    )

    assert wharf("search", "tide", "-o", "name").out == f"{script.host}/tide\n"

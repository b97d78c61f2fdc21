"""`wharf trust` on a site file and on a directory tree, against a registry on a real socket."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import made_certificates as made
from made_certificates import DAY, Made
from tls_server import serving

OLD, NEW = made.authority("Old CA"), made.authority("New CA")
SITE = """\
# the site
registries:
  search: [docker.io]   # in order

trust:
  registries:
    quay.test:
      ca:
        - quay.crt   # theirs
"""


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the site file is, and where commands are typed."""
    folder = home / "site"
    folder.mkdir()
    monkeypatch.chdir(folder)
    put(folder / "quay.crt", made.authority("Quay"))
    put(home / "old.pem", OLD)
    put(home / "new.pem", NEW)
    return folder


@pytest.fixture
def root(home: Path) -> Path:
    root = home / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/sbin").mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=debian\n")
    for program in ("usr/sbin/dockerd", "usr/bin/podman"):
        (root / program).touch(mode=0o755)
    return root


def put(path: Path, *found: Made) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(one.pem for one in found))
    return path


# The statement


def test_an_authority_is_put_beside_the_site_file_and_named_in_it(wharf, folder):
    (folder / "site.yaml").write_text(SITE)

    done = wharf("trust", "add", "registry.test:5000", "--ca", "../old.pem")

    name = f"certs/old-ca-{OLD.read.fingerprint[:8]}.crt"
    assert (done.code, (folder / name).read_bytes()) == (0, OLD.pem)
    assert f"written: {name}" in done.out
    assert (folder / "site.yaml").read_text() == SITE + (
        f"    registry.test:5000:\n      ca:\n        - {name}\n"
    )
    assert wharf("site", "check").code == 0


def test_a_site_file_is_begun_where_there_is_none(wharf, folder):
    assert wharf("trust", "add", "--system", "--ca", "../old.pem", "--ca", "../new.pem").code == 0

    assert wharf("trust", "add", "--system", "--ca", "../old.pem").code == 0  # once is enough
    text = (folder / "site.yaml").read_text()
    assert text.startswith("trust:\n  system:\n")
    assert text.count("certs/") == 2


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("registry.test", "--system"),
        ("registry.test",),
        ("registry.test", "--client-cert", "../old.pem"),
        ("--system", "--client-cert", "../old.pem", "--client-key", "../old.pem"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(wharf, folder, words):
    ca = () if words == ("registry.test",) else ("--ca", "../old.pem")

    assert wharf("trust", "add", *words, *ca).code == 2
    assert not (folder / "site.yaml").exists()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (made.authority(begins=-9 * DAY, ends=-DAY), "it expired on"),
        (made.authority(begins=DAY), "it is not valid before"),
        (made.server(OLD, "registry.test"), "'Old CA' issued it"),
        (made.server(None, "other.test"), "it is not for registry.test"),
        (made.authority(key=made.rsa_key(1024)), "RSA with 1024 bits"),
    ],
)
def test_what_is_no_usable_authority_is_refused_with_its_reason(wharf, folder, bad, reason):
    put(folder / "bad.crt", bad)

    done = wharf("trust", "add", "registry.test", "--ca", "bad.crt")

    assert done.code == 1
    assert reason in done.err
    assert not (folder / "site.yaml").exists()


def test_a_private_key_is_refused_and_not_shown(wharf, folder):
    (folder / "both.pem").write_bytes(OLD.pem + OLD.key_pem)

    done = wharf("trust", "add", "registry.test", "--ca", "both.pem")

    assert (done.code, "private key" in done.err) == (1, True)
    assert OLD.key_pem.decode().splitlines()[1] not in done.err + done.out


def test_a_client_certificate_is_named_with_its_key(wharf, folder):
    mine = made.client(OLD)
    put(folder / "host.cert", mine)
    (folder / "host.key").write_bytes(mine.key_pem)
    (folder / "host.key").chmod(0o600)
    words = ("--client-cert", "host.cert", "--client-key", "host.key")

    assert wharf("trust", "add", "registry.test", "--ca", "../old.pem", *words).code == 0

    assert "client:\n        cert: host.cert\n        key: host.key" in (
        (folder / "site.yaml").read_text()
    )
    wrong = wharf("trust", "add", "registry.test", *words[:3], "../old.pem")
    assert (wrong.code, "not a PEM private key" in wrong.err) == (1, True)


def test_a_faulty_site_file_is_left_as_it_is(wharf, folder):
    (folder / "site.yaml").write_text("trust: [1]\n")

    assert wharf("trust", "add", "registry.test", "--ca", "../old.pem").code == 1
    assert (folder / "site.yaml").read_text() == "trust: [1]\n"
    assert not (folder / "certs").exists()


def test_a_registry_and_an_authority_are_taken_out_again(wharf, folder):
    (folder / "site.yaml").write_text(SITE)
    wharf("trust", "add", "registry.test", "--ca", "../old.pem", "--ca", "../new.pem")

    one = wharf("trust", "remove", "registry.test", "--fingerprint", OLD.read.fingerprint[:12])
    assert (one.code, "'Old CA' is trusted no more" in one.out) == (0, True)
    assert "old-ca" not in (folder / "site.yaml").read_text()

    assert wharf("trust", "remove", "registry.test").code == 0
    assert (folder / "site.yaml").read_text() == SITE
    assert wharf("trust", "remove", "registry.test").code == 1
    assert wharf("trust", "remove", "quay.test", "--fingerprint", "00000000").code == 1
    assert wharf("trust", "remove", "quay.test", "--fingerprint", "xyz").code == 2
    assert wharf("trust", "remove", "--system").code == 2


def test_one_of_a_bundle_is_not_taken_out_alone(wharf, folder):
    put(folder / "quay.crt", OLD, NEW)
    (folder / "site.yaml").write_text(SITE)

    done = wharf("trust", "remove", "quay.test", "--fingerprint", OLD.read.fingerprint)

    assert (done.code, "in a file with 1 others" in done.err) == (2, True)


# Rotation


def test_a_rotation_overlaps_and_ends_when_the_server_has_switched(wharf, folder, root, home):
    old, new = (made.server(one, "localhost") for one in (OLD, NEW))
    words = ("--fingerprint", OLD.read.fingerprint, "--root", str(root))

    with serving(home, old) as port:
        registry = f"localhost:{port}"
        wharf("trust", "add", registry, "--ca", "../old.pem")
        overlap = wharf("trust", "add", registry, "--ca", "../new.pem")
        too_early = wharf("trust", "retire", registry, *words)
    nobody = wharf("trust", "retire", registry, *words)
    assert "both old and new" in overlap.err
    assert (too_early.code, "unknown authority (Old CA)" in too_early.err) == (3, True)
    assert (nobody.code, "does not answer" in nobody.err) == (3, True)

    with serving(home, new) as port:
        text = (folder / "site.yaml").read_text()
        (folder / "site.yaml").write_text(text.replace(registry, f"localhost:{port}"))
        done = wharf("trust", "retire", f"localhost:{port}", *words)
    assert done.code == 0
    assert "old-ca" not in (folder / "site.yaml").read_text()
    assert "new-ca" in (folder / "site.yaml").read_text()


def test_the_last_authority_is_not_retired(wharf, folder, root, home):
    with serving(home, made.server(OLD, "localhost")) as port:
        wharf("trust", "add", f"localhost:{port}", "--ca", "../old.pem")
        words = ("--fingerprint", OLD.read.fingerprint, "--root", str(root))
        assert wharf("trust", "retire", f"localhost:{port}", *words).code == 3


# A host


def test_what_a_host_trusts_is_listed_with_its_troubles(wharf, root):
    put(root / "etc/docker/certs.d/a.test" / OLD.read.file_name, OLD)
    put(root / "etc/docker/certs.d/b.test/ca.cert", NEW)
    put(root / "usr/local/share/ca-certificates/site.crt", NEW)

    short = wharf("trust", "list", "--root", str(root))
    whole = json.loads(wharf("trust", "list", "b.test", "--root", str(root), "-o", "json").out)

    assert re.search(r"docker +a.test +Old CA +364 +ours", short.out)
    assert "a CA is named .crt" in short.out
    assert [item["registry"] for item in whole["items"]] == ["", "b.test"]
    assert whole["items"][0]["fingerprint"] == NEW.read.fingerprint


def test_what_expires_is_told_by_the_exit_code(wharf, root):
    soon = made.authority("Soon CA", ends=20 * DAY)
    put(root / "etc/docker/certs.d/a.test/ca.crt", soon, OLD)

    assert wharf("trust", "list", "--expiring", "10d", "--root", str(root)).code == 0
    late = wharf("trust", "list", "--expiring", "30d", "--root", str(root))
    assert late.code == 1
    assert "Soon CA" in late.out
    assert "Old CA" not in late.out
    assert wharf("trust", "list", "--expiring", "soon", "--root", str(root)).code == 2


def test_metrics_are_written_for_a_node_exporter(wharf, root, home):
    put(root / "etc/docker/certs.d/a.test/ca.crt", made.authority('A "quoted" \\ CA'))
    target = home / "trust.prom"

    assert wharf("trust", "list", "--metrics", str(target), "--root", str(root)).code == 0

    from prometheus_client.parser import text_string_to_metric_families

    (family,) = text_string_to_metric_families(target.read_text())
    (sample,) = family.samples
    assert sample.name == "wharfinger_ca_expiry_seconds"
    assert sample.labels["registry"] == "a.test"
    assert sample.labels["subject"] == 'A "quoted" \\ CA'
    assert target.stat().st_mode & 0o777 == 0o644
    assert wharf("trust", "list", "--metrics", "/no/such/x", "--root", str(root)).code == 1


def test_check_is_a_matrix_with_reasons(wharf, root, home):
    with serving(home, made.server(OLD, "localhost")) as port:
        put(root / f"etc/containers/certs.d/localhost:{port}/ca.crt", OLD)
        put(root / f"etc/containerd/certs.d/localhost_{port}_/ca.crt", NEW)
        here = ("--root", str(root))

        found = wharf("trust", "check", *here)
        both = ("--runtime", "containers", "--runtime", "containerd", *here)
        bad = wharf("trust", "check", *both)
        whole = json.loads(wharf("trust", "check", *both, "-o", "json").out)
        nobody = wharf("trust", "check", "--runtime", "docker", "localhost:1", *here)

    assert found.code == 0
    assert re.search(rf"localhost:{port} +no +yes +yes +364 +Old CA", found.out)
    why = "certificate signed by unknown authority (Old CA)"
    assert f"localhost:{port}, system: no, {why}" in found.out
    assert f"localhost:{port}, docker: yes, any certificate is taken" in found.out
    assert (bad.code, f"containerd: no, {why}" in bad.out) == (1, True)
    assert whole["items"][0]["runtimes"]["containers"] == {"trusted": "yes", "why": ""}
    assert (nobody.code, "unknown" in nobody.out) == (1, True)


def test_check_needs_something_to_check(wharf, root):
    assert wharf("trust", "check", "--root", str(root)).code == 2
    assert wharf("trust", "check", "a.test", "--runtime", "rkt", "--root", str(root)).code == 2
    assert wharf("trust", "check", "a.test", "--root", str(root / "nothing")).code == 2


def test_backup_and_restore(wharf, root, home):
    ca = put(root / "etc/docker/certs.d/a.test/ca.crt", OLD)
    here = ("--root", str(root))
    made_ = wharf("trust", "backup", str(home), *here)
    file = Path(made_.out.strip())

    assert re.fullmatch(r"trust-.+-\d{8}T\d{6}Z\.tar", file.name)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "/etc/docker/certs.d/a.test/ca.crt" in wharf("trust", "contents", str(file)).out
    same = wharf("trust", "restore", str(file), "--dry-run", *here)
    assert same.out == "already as in the backup\n"

    ca.unlink()
    rehearsed = wharf("trust", "restore", str(file), "--dry-run", *here)
    assert rehearsed.out == "restore /etc/docker/certs.d/a.test/ca.crt\n"
    assert not ca.exists()
    assert wharf("trust", "restore", str(file), *here).code == 0
    assert ca.read_bytes() == OLD.pem
    assert wharf("hosts", "undo", *here).code == 0
    assert not ca.exists()

    file.write_bytes(file.read_bytes().replace(b"BEGIN CERT", b"BEGIN cert"))
    damaged = wharf("trust", "restore", str(file), *here)
    assert (damaged.code, "not as it was written" in damaged.err) == (1, True)

"""`wharf policy check`, `test`, `diff` and `explain`: offline, from files to an exit code."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from wharfinger.cli import app
from wharfinger.cli.exit_codes import ExitCode

DIGEST = "sha256:" + "a" * 64
POLICY = """\
# The example of the guide.
apiVersion: v1
kind: ImagePolicyConfig
resolveImages: AttemptRewrite
executionRules:
- name: allow-images-from-other-registries
  onResources:
  - resource: pods
  - resource: builds
  matchRegistries:
  - docker.io
  - quay.io
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: c, image: IMAGE}]}
"""


@pytest.fixture
def policy(home):
    path = home / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def pod(image: str) -> str:
    return POD.replace("IMAGE", image)


def test_check_says_what_the_rules_mean(wharf, policy):
    result = wharf("policy", "check", policy)

    assert result.code == 0, result.err
    line = next(line for line in result.out.splitlines() if line.startswith("allow-images"))
    assert line.endswith("accepts images from docker.io or quay.io")
    assert "pods, builds " in line
    assert json.loads(wharf("policy", "check", policy, "-o", "json").out)["items"]


def test_check_of_our_own_form_says_all_that_it_has(wharf, home):
    (home / "own.yaml").write_text(
        """\
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
executionRules:
- {name: bad, reject: true, ignoreNamespaceOverride: true, matchRegistries: [evil.test]}
paths:
- {group: site.test, resource: boats, images: [spec.image]}
registries: {allow: [quay.io], block: [quay.io/old]}
"""
    )

    out = wharf("policy", "check", str(home / "own.yaml")).out
    for text in (
        "rejects images from evil.test; no namespace switches it off",
        "boats.site.test",
        "registries are asked what names mean",
        "quay.io/old",
    ):
        assert text in out


def test_check_tells_what_is_written_and_never_done(wharf, policy, home):
    (home / "policy.yaml").write_text(POLICY.replace("docker.io", "'*.docker.io'"))

    out = wharf("policy", "check", policy).out

    assert "executionRules[0].matchRegistries[0]" in out
    assert 'take care: "*.docker.io" equals no registry' in out


def test_what_is_never_done_is_noted_with_its_line(wharf, policy, home):
    (home / "policy.yaml").write_text(POLICY + "  - quay.io/team\n")

    result = wharf("policy", "check", policy)

    assert result.code == 0
    assert f"note: {policy}:13: executionRules[0].matchRegistries[2]: " in result.err


@pytest.mark.parametrize(
    ("wrong", "line", "text"),
    [
        ("  matchRegistrys:\n  - x\n", 13, "executionRules[0].matchRegistrys: Forbidden"),
        ("- reject: true\n- reject: false\n", 14, 'executionRules[2].name: Duplicate value: ""'),
        ("resolveImages: Attempt\n", 13, "cannot take key 'resolveImages' twice"),
    ],
)
def test_faults_are_told_with_their_lines(wharf, policy, home, wrong, line, text):
    (home / "policy.yaml").write_text(POLICY + wrong)

    result = wharf("policy", "check", policy)

    assert result.code == ExitCode.ERROR
    assert any(f"policy.yaml:{line}: " in told and text in told for told in result.err.splitlines())


def test_faults_in_a_master_configuration_have_its_lines(wharf, home):
    indented = "".join(f"        {line}\n" for line in (POLICY + "bogus: 1").splitlines())
    (home / "master-config.yaml").write_text(
        "admissionConfig:\n  pluginConfig:\n    openshift.io/ImagePolicy:\n      configuration:\n"
        + indented
    )

    result = wharf("policy", "check", str(home / "master-config.yaml"))
    assert "master-config.yaml:17: bogus: Forbidden" in result.err


def test_faults_in_json_text_of_an_installer_have_the_line_of_the_text(wharf, home):
    plugin = {"openshift.io/ImagePolicy": {"configuration": {"kind": "ImagePolicyConfig"}}}
    (home / "vars.yaml").write_text(
        f"a: 1\nopenshift_master_admission_plugin_config: '{json.dumps(plugin)}'\n"
    )

    result = wharf("policy", "check", str(home / "vars.yaml"))
    assert result.code == ExitCode.ERROR
    assert "apiVersion: Required value" in result.err


def test_manifests_are_judged_and_a_refusal_is_code_5(wharf, policy, home):
    (home / "charts" / ".git").mkdir(parents=True)
    (home / "charts" / "good.yaml").write_text(pod("quay.io/team/app:1"))
    (home / "charts" / ".git" / "hidden.yaml").write_text(pod("evil.test/app"))
    (home / "charts" / "notes.txt").write_text("image: evil.test/app")
    folder = str(home / "charts")

    result = wharf("policy", "test", folder, "--policy", policy)
    assert (result.code, result.out) == (
        0,
        "0 of 1 object refused, 0 of 1 image; 0 objects without images to judge\n",
    )

    (home / "charts" / "bad.json").write_text(json.dumps({"kind": "ConfigMap"}))
    (home / "charts" / "bad.yml").write_text(pod("evil.test/\u202eapp"))
    result = wharf("policy", "test", folder, "--policy", policy)
    assert result.code == ExitCode.REFUSED
    first, reason, *_ = result.out.splitlines()
    assert first == f"refused  Pod default/web: evil.test/\\u202eapp  ({folder}/bad.yml:1)"
    assert "no rule accepts" in reason
    assert result.out.splitlines()[-1] == (
        "1 of 3 objects refused, 1 of 2 images; 1 object without images to judge"
    )


def test_manifests_come_from_a_pipe_too(policy, monkeypatch, capsys):
    piped = io.TextIOWrapper(io.BytesIO(pod("evil.test/app").encode()))
    monkeypatch.setattr("sys.stdin", piped)

    code = app.run(("policy", "test", "-", "--policy", policy, "-o", "json"))

    document = json.loads(capsys.readouterr().out)
    assert code == ExitCode.REFUSED
    assert document["summary"]["imagesRefused"] == 1
    [item] = document["items"]
    assert (item["source"], item["place"], item["verdict"]) == (
        "stdin:1",
        "spec.containers[0].image",
        "refused",
    )
    assert item["message"] == (
        "this image is prohibited by policy: (evil.test/app) could not be resolved to an exact "
        "image reference"
    )
    assert item["remedy"]


def test_what_cannot_be_read_is_no_success(wharf, policy, home):
    (home / "chart.yaml").write_text("image: {{ .Values.image }}\n---\n" + pod("quay.io/a"))

    result = wharf("policy", "test", str(home / "chart.yaml"), "--policy", policy)

    assert result.code == ExitCode.ERROR
    assert "chart.yaml:1: " in result.err
    assert "helm template" in result.err
    assert wharf("policy", "test", str(home / "none"), "--policy", policy).code == ExitCode.ERROR
    assert wharf("policy", "test", str(home), "--policy", "none.yaml").code == ExitCode.ERROR


def test_all_and_wide_show_what_is_allowed(wharf, policy, home):
    (home / "pod.yaml").write_text(pod("quay.io/a"))
    path = str(home / "pod.yaml")

    result = wharf("policy", "test", path, "--policy", policy, "--all", "-o", "wide")
    heads, row, _ = result.out.splitlines()
    assert heads.split("   ")[0] == "VERDICT"
    assert row.startswith("allowed   Pod default/web   quay.io/a   rule `allow-images")
    assert wharf("policy", "test", path, "--policy", policy, "--all", "-o", "name").out == (
        "object/web\n"
    )


class Registry(BaseHTTPRequestHandler):
    """Has one image, under whatever name."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self):
        self.asked.append(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Docker-Content-Digest", DIGEST)
        self.send_header("Content-Length", "100")
        self.end_headers()

    def do_GET(self):
        self.send_response(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_registries_are_asked_if_the_person_wants_it(wharf, home):
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        host = f"127.0.0.1:{server.server_port}"
        (home / "site.yaml").write_text(f"registries: {{insecure: ['{host}']}}\n")
        (home / "own.yaml").write_text(
            "{apiVersion: wharfinger.dev/v1, kind: ImagePolicyConfig, resolveImages: RequiredRewrite,"
            f" executionRules: [{{name: a, matchRegistries: ['{host}']}}]}}"
        )
        policy = ("--policy", str(home / "own.yaml"))
        asked = ("--resolve", "--site", str(home / "site.yaml"))

        offline = wharf("policy", "explain", f"{host}/team/app:1", *policy)
        online = wharf("policy", "explain", f"{host}/team/app:1", *policy, *asked)
        server.shutdown()

    assert offline.code == ExitCode.REFUSED
    assert "--resolve asks the registry" in offline.out
    assert (online.code, Registry.asked) == (0, [""]), online.out
    assert f"runs as:     {host}/team/app@{DIGEST}" in online.out.splitlines()
    assert wharf("policy", "explain", "a", *policy, *asked[1:]).code == ExitCode.USAGE


def test_diff_lists_whose_verdict_changes(wharf, policy, home, monkeypatch):
    (home / "new.yaml").write_text(POLICY.replace("- quay.io", "- new.test"))
    (home / "dump.yaml").write_text(
        "---\n".join(map(pod, ("quay.io/a", "new.test/a", "docker.io/a")))
    )
    dump, new = str(home / "dump.yaml"), str(home / "new.yaml")

    result = wharf("policy", "diff", policy, new, "--against", dump)
    assert result.code == ExitCode.REFUSED
    rows = [[*line.split()[:2], line.split()[4]] for line in result.out.splitlines()[1:3]]
    assert rows == [["allowed", "refused", "quay.io/a"], ["refused", "allowed", "new.test/a"]]
    assert result.out.splitlines()[-1] == "1 refused that were allowed, 1 allowed that were refused"

    same = wharf("policy", "diff", policy, policy, "--against", dump, "-o", "json")
    assert (same.code, json.loads(same.out)["items"]) == (0, [])
    with (home / "dump.yaml").open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert app.run(("policy", "diff", policy, new, "--against", "-")) == ExitCode.REFUSED


def test_explain_says_how_a_name_is_read_and_why(wharf, policy):
    result = wharf("policy", "explain", "nginx:1.27", "--policy", policy)

    assert result.code == ExitCode.REFUSED
    lines = dict(line.split(":", 1) for line in result.out.splitlines()[1:])
    assert result.out.startswith("refused in pods\n")
    assert lines["registry"].strip() == "none: it is named without one"
    assert (lines["repository"].strip(), lines["tag"].strip()) == ("nginx", "1.27")
    assert "docker.io/library/nginx:1.27" in lines["what to do"]

    allowed = wharf("policy", "explain", "quay.io/a", "--policy", policy, "-o", "json")
    assert (allowed.code, json.loads(allowed.out)["verdict"]) == (0, "allowed")


@pytest.mark.parametrize(
    "resource", ["deployments.apps", "cronjobs.batch", "builds.build.openshift.io", "podtemplates"]
)
def test_explain_knows_where_other_kinds_have_their_images(wharf, home, resource):
    name, _, group = resource.partition(".")
    (home / "p.yaml").write_text(
        "{apiVersion: wharfinger.dev/v1, kind: ImagePolicyConfig, executionRules: [{name: a, "
        f"onResources: [{{group: '{group}', resource: {name}}}], matchRegistries: [quay.io]}}]}}"
    )
    arguments = ("--policy", str(home / "p.yaml"), "--resource", resource)

    assert wharf("policy", "explain", "evil.test/a", *arguments).code == ExitCode.REFUSED
    assert wharf("policy", "explain", "quay.io/a", *arguments).code == 0
    assert wharf("policy", "explain", "evil.test/a", *arguments[:2]).code == 0
    unknown = wharf("policy", "explain", "a", *arguments[:2], "--resource", "boats.site.test")
    assert unknown.code == ExitCode.USAGE


def test_explain_follows_the_paths_of_the_policy(wharf, home):
    (home / "p.yaml").write_text(
        """\
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
paths: [{group: site.test, resource: boats, images: ["spec.crew[*].image"]}]
executionRules:
- {name: a, onResources: [{group: site.test, resource: boats}], matchRegistries: [quay.io]}
"""
    )
    arguments = ("--policy", str(home / "p.yaml"), "--resource", "boats.site.test")

    assert wharf("policy", "explain", "evil.test/a", *arguments).code == ExitCode.REFUSED
    assert wharf("policy", "explain", "quay.io/a", *arguments).code == 0


def test_the_older_words_are_there_and_not_shown(wharf):
    out = wharf("policy", "--help").out

    assert "check" in out
    assert "add-role-to-user" not in out
    assert wharf("policy", "add-role-to-user", "--help").code == 0

"""
The how-to pages' commands do what the pages say, as they are written.

Each page runs from top to bottom in one shell, in a network and a process tree of its own and over
copies of /etc, /var/lib and /usr/local, at a terminal where somebody answers every question for a
password. What a page leaves to its reader (who they are, a project to work in, a second cluster) is
said here beside the command that it comes before. The part of a page for stock tools runs by itself,
where nothing has been done before, and cannot call `wharf`.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from e2e import clients, images, machine
from vm import pages as in_guests

pytestmark = pytest.mark.e2e

HOW_TO = machine.ROOT / "docs" / "how-to"

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETTINGS = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SITE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STOCK = re.compile(
    r"^## [^\n]*with stock tools\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_QUESTION = re.compile(rb"password[^\r\n]*: ?$", re.IGNORECASE)

HARNESS = """
set -euo pipefail
ip link set lo up
mount -t tmpfs tmpfs /run
for path in /etc /var/lib /usr/local; do
    mkdir -p "$HERE/upper$path" "$HERE/work$path"
    mount -t overlay overlay -o "lowerdir=$path,upperdir=$HERE/upper$path,workdir=$HERE/work$path" $path
done
rm -rf /etc/docker /etc/containers/certs.d /etc/containerd /var/lib/wharfinger* /usr/local/lib/wharfinger
mkdir -p /etc/wharfinger /etc/docker
cp "$HERE/wharfinger.toml" /etc/wharfinger/
echo '127.0.0.1 registry.site.test' >>/etc/hosts
cd "$HERE"
"""
START = """
wharf up --detach
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
wharf project create shop
"""
CLUSTER = """
mkdir -p /etc/docker/certs.d/registry.site.test:5000
wharf up --name registry.site.test --detach
cp "$WHARF_STATE/ca.crt" /etc/docker/certs.d/registry.site.test:5000/
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
wharf project create shop
WHARF_STATE="$HERE/cluster" wharf up --listen 127.0.0.1:5001 --detach
sed -e 's/ wharfinger$/ cluster/' -e 's/ administrator$/ other/' \\
    "$HERE/cluster/admin.kubeconfig" >"$HERE/other"
KUBECONFIG="$KUBECONFIG:$HERE/other" kubectl config view --flatten --raw >"$HERE/both"
chmod 600 "$HERE/both"
export KUBECONFIG="$HERE/both"
wharf project create shop --context cluster
kubectl config use-context wharfinger
wharf token create builder -n shop | skopeo login -u builder --password-stdin --tls-verify=false \\
    registry.site.test:5000
skopeo copy --all --dest-tls-verify=false oci:"$HERE/image" \\
    docker://registry.site.test:5000/shop/clock:1
"""

DOCKER = """
dockerd --data-root="$HERE/docker" --bridge=none --iptables=false >"$HERE/dockerd.log" 2>&1 &
until docker version >"$HERE/version" 2>&1; do sleep 0.1; done
"""

CLOSED = """
echo '127.0.0.1 quay.test' >>/etc/hosts
echo '{"insecure-registries": ["quay.test"]}' >/etc/docker/daemon.json
htpasswd -Bbn ann 'open sesame' >"$HERE/htpasswd"
cat >closed.yml <<END
{"version": 0.1, "http": {"addr": "127.0.0.1:80"}, "storage": {"inmemory": {}},
 "auth": {"htpasswd": {"realm": "quay", "path": "$HERE/htpasswd"}}}
END
env -u REGISTRY_AUTH_FILE docker-registry serve closed.yml >"$HERE/closed.log" 2>&1 &
until grep -q 'listening on' "$HERE/closed.log"; do sleep 0.1; done
skopeo copy --all --dest-creds 'ann:open sesame' --dest-tls-verify=false \\
    oci:"$HERE/image" docker://quay.test/shop/clock:1
"""
"""A registry that wants a login and has an image."""

FOREIGN = """
cat >foreign.json <<END
{"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamImport", "metadata": {"name": "hello"},
 "spec": {"import": true, "images": [{"from": {"kind": "DockerImage", "name": "docker.io/library/hello-world"}}]}}
END
kubectl create rolebinding ada --clusterrole=edit --user=ada -n shop
if kubectl create -n shop --as ada -f foreign.json 2>refusal; then exit 1; fi
grep 'from registry "registry-1.docker.io:443" is forbidden: .* not allowed by whitelist' refusal
"""
"""Somebody who is no administrator imports from where the list does not say."""

SEARCHED = """
wharf up --name registry.site.test --detach
cp "$WHARF_STATE/ca.crt" .
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
wharf project create shop
wharf grant registry-viewer --anonymous -n shop
wharf token create builder -n shop | skopeo login -u builder --password-stdin --tls-verify=false \\
    localhost:5000
echo '{"version": 0.1, "http": {"addr": "127.0.0.1:5001"}, "storage": {"inmemory": {}}}' >other.yml
env -u REGISTRY_AUTH_FILE docker-registry serve other.yml >"$HERE/other.log" 2>&1 &
until grep -q 'listening on' "$HERE/other.log"; do sleep 0.1; done
for image in localhost:5000/shop/tide-clock localhost:5001/team/clock; do
    skopeo copy --all --dest-tls-verify=false oci:"$HERE/image" "docker://$image:1"
done
"""

TRUST = """
[ -s site.yaml ] || rm site.yaml
wharf up --name registry.site.test --detach
cp "$WHARF_STATE/ca.crt" .
cp ca.crt next-ca.crt
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old -days 90 -keyout host.key -out old-ca.crt
openssl x509 -in old-ca.crt -out host.cert
chmod 600 host.key
"""
TRUSTED = (
    TRUST
    + """
wharf trust add registry.site.test:5000 --ca ca.crt
wharf hosts apply site.yaml --yes
"""
)

FLEET = """
ln -s "$(dirname "$(readlink -f "$HERE/bin/wharf")")/ansible-playbook" "$HERE/bin/"
mkdir group_vars  # both hosts are this machine
echo 'ansible_connection: local' >group_vars/all.yml
echo 'ansible_python_interpreter: /usr/bin/python3' >>group_vars/all.yml
"""

NODES = """
wharf up --detach
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
for node in pier-1 pier-2 pier-3; do
    echo '---'
    echo 'apiVersion: v1'
    echo 'kind: Node'
    echo "metadata: {name: $node, annotations: {wharfinger.dev/rehearsal: 'true'}}"
done | kubectl apply -f -
kubectl create namespace shop
kubectl -n shop apply -f - <<'END'
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: registry.site.test/web:1}]
      volumes: [{name: cache, emptyDir: {}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: log}
spec:
  selector: {matchLabels: {app: log}}
  template: {metadata: {labels: {app: log}}, spec: {containers: [{name: log, image: registry.site.test/log:1}]}}
END
kubectl -n shop rollout status deployment/web
kubectl -n shop rollout status daemonset/log
"""
"""A cluster of three nodes, on which nothing runs and everything moves."""
LEFT = (
    "kubectl get pods --all-namespaces --field-selector=spec.nodeName={} -o name | grep -v pod/log-"
)
"""The pods of a node that should be evacuated."""

MAINTAINED = (
    FLEET
    + """
wharf up --detach
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
for node in pier-1 pier-2; do
    kubectl create -f - <<END
{apiVersion: v1, kind: Node, metadata: {name: $node, annotations: {wharfinger.dev/rehearsal: "true"}}}
END
done
kubectl create deployment web --image=registry.site.test/web:1 --replicas=3
kubectl create poddisruptionbudget web --selector=app=web --min-available=2
kubectl rollout status deployment web
"""
)

BOX = """
mkdir -p "$HERE/box/bin"
cp /bin/busybox "$HERE/box/bin/"
for tool in sh sleep; do ln -s busybox "$HERE/box/bin/$tool"; done
tar -C "$HERE/box" -c bin >"$HERE/box.tar"
docker import "$HERE/box.tar" box:1
docker run --detach --name db --network none --stop-timeout 1 --tmpfs /scratch box:1 sleep 1000
docker run --detach --name web --network container:db --stop-timeout 1 box:1 sleep 1000
"""
"""Two containers on an engine."""
SWARM = """
ip link add pier-1 type veth peer name pier-2
ip address add 10.86.0.1/24 dev pier-1
ip link set pier-1 up
unshare --net --uts bash -ec 'hostname pier-2; touch "$HERE/apart"
    until ip link set pier-2 up; do sleep 0.1; done
    ip link set lo up; ip address add 10.86.0.2/24 dev pier-2
    exec dockerd --data-root="$HERE/pier-2" --exec-root="$HERE/pier-2.exec" --pidfile="$HERE/pier-2.pid" \\
        --host="unix://$HERE/pier-2.sock" --bridge=none --iptables=false' >"$HERE/pier-2.log" 2>&1 &
worker=$!
until test -e "$HERE/apart"; do sleep 0.1; done
ip link set pier-2 netns $worker
other() { docker --host "unix://$HERE/pier-2.sock" "$@"; }
until other version >"$HERE/version" 2>&1; do sleep 0.1; done
other import "$HERE/box.tar" box:1
docker swarm init --advertise-addr 10.86.0.1
other swarm join --advertise-addr 10.86.0.2 --token "$(docker swarm join-token -q worker)" 10.86.0.1:2377
docker service create --detach --name web --replicas 2 --no-resolve-image --network host \\
    --stop-grace-period 1s box:1 sleep 1000
until test "$(docker ps --quiet | wc -l) $(other ps --quiet | wc -l)" = '3 1'; do sleep 0.1; done
"""
"""Another engine, and both as a swarm."""

KILLED = """
sed -i 's/docker.io]/docker.io, quay.io]/' site.yaml
wharf maintain -i inventory.ini --drain-for none --yes --gate-command "test -e $HERE/mended" >killed &
until grep -q '"doing": "watch"' killed; do sleep 0.1; done
code=0; wharf maintain -i inventory.ini --yes >second 2>&1 || code=$?
cat second; test $code = 3; grep 'wharf maintain 20.* does so since' second
kill -KILL $!; wait $! || true
"""
"""A run whose gate stays closed; it keeps another one off the cluster, and then it is killed."""

END = "# the end"
"""The last line of every script, for what is to be seen after all that the page says."""


def refused(command: str) -> str:
    """What fails unless docker is told that it lacks the right, and not something else."""
    return (
        f"if {command} >refusal 2>&1; then exit 1; fi; cat refusal; "
        "grep -E 'denied|unauthorized|no basic auth' refusal"
    )


def prohibited(command: str) -> str:
    """What fails unless the image policy refuses it."""
    return (
        f"if {command} 2>refusal; then exit 1; fi; "
        "grep 'Forbidden: this image is prohibited by policy' refusal\n"
    )


CLOCK = "registry.site.test:5000/shop/clock:1"
LINKS = "kubectl {} get serviceaccount default -o jsonpath='{{.imagePullSecrets[*].name}}'"

PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "C1-trust-a-registry.md": (
        TRUST,
        {"wharf trust retire": "wharf trust add registry.site.test:5000 --ca old-ca.crt"},
    ),
    "C2-per-registry-certificates.md": (
        TRUST,
        {"wharf trust remove": "test $(stat -c %a /etc/docker/certs.d/*/wharfinger.key) = 600"},
    ),
    "C3-back-up-trust.md": (TRUSTED, {}),
    "C4-restore-trust.md": (
        TRUSTED + "mkdir backups; wharf trust backup backups; rm -r /etc/*/certs.d\n",
        {"wharf hosts undo": "test -f /etc/docker/certs.d/registry.site.test:5000/*.crt"},
    ),
    "G1-shared-registry.md": (
        "mkdir -p /etc/docker/certs.d/registry.site.test:5000\n",
        {
            "htpasswd": 'cp "$WHARF_STATE/ca.crt" .; '
            "cp ca.crt /etc/docker/certs.d/registry.site.test:5000/",
            "wharf login": 'export KUBECONFIG="$HERE/ann"',
            "kubectl patch clusterrolebinding": 'export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"',
            "wharf repo list": "wharf token create builder -n dock | skopeo login -u builder "
            "--password-stdin --tls-verify=false registry.site.test:5000; "
            "skopeo copy --all --dest-tls-verify=false "
            'oci:"$HERE/image" docker://registry.site.test:5000/dock/app:old',
        },
    ),
    "G2-connect-a-cluster.md": (
        CLUSTER + DOCKER,
        {
            "docker --config login pull": refused(f"docker pull {CLOCK}"),
            "wharf sa delete": "wharf sa delete program-shop -n shop",
            END: refused(f"docker --config login pull {CLOCK}"),
        },
    ),
    "P1-which-images-may-run.md": (
        "",
        {
            "kubectl run clock": prohibited("kubectl run bad --image evil.test/log:1 -n shop")
            + "wharf token create builder -n shop | skopeo login -u builder "
            "--password-stdin --tls-verify=false 127.0.0.1:5000; "
            "skopeo copy --all --dest-tls-verify=false "
            "oci:$HERE/image docker://127.0.0.1:5000/shop/clock:1",
            "IMAGE=": "kubectl get pod clock -n shop -o jsonpath='{.spec.containers[0].image}' "
            "| grep '^127.0.0.1:5000/shop/clock@sha256:'",
            "sed s/docker.io/quay.io/": prohibited(
                "kubectl run denied --image 127.0.0.1:5000/shop/clock:1 -n shop"
            ),
            "kubectl annotate namespace": "(wharf policy diff /etc/wharfinger/image-policy.yaml next.yaml "
            "--against dump.json --registry 127.0.0.1:5000 || true) | tee changed; test $(wc -l <changed) = 3; "
            "grep '^allowed   refused   Pod shop/good ' changed",
            END: "until kubectl run denied --image 127.0.0.1:5000/shop/clock:1 -n shop; "
            "do sleep 0.2; done",
        },
    ),
    "P2-import-images.md": (
        CLOSED,
        {
            "wharf import kept:1": FOREIGN,
            "wharf import clock:1 -n shop": "wharf token create default -n shop | skopeo login -u default "
            "--password-stdin --tls-verify=false localhost:5000; "
            "skopeo copy --src-tls-verify=false docker://localhost:5000/shop/kept:1 oci:$HERE/kept",
            "wharf tag -d": "kubectl get imagestreamtags -n shop -o name | sort | tee tags; "
            "for tag in all-clocks:1 clock:1 clock:newest clock:outside clock:production kept:1; do "
            "grep -q /$tag tags; done",
            END: "if kubectl get imagestreamtag clock:production -n shop; then exit 1; fi; "
            "kubectl get imagestream clock -n shop -o jsonpath='{.spec.tags[?(@.name==\"1\")].importPolicy.scheduled}' "
            "| grep true",
        },
    ),
    "R1-search-order.md": (
        SEARCHED,
        {
            "wharf search clock --limit": "wharf hosts plan site.yaml | tee second; grep 'already so' second; "
            "wharf search clock -o name | tee found; "
            "printf '%s\\n' registry.site.test:5000/shop/tide-clock localhost:5001/team/clock "
            "| diff - found",
        },
    ),
    "R2-allow-and-block.md": (
        DOCKER,
        {
            "wharf hosts undo": "docker pull busybox 2>&1 | tee refused || true; "
            "grep 'docker.io is blocked by site rule block: all, not on allow' refused",
        },
    ),
    "R3-secure-registries.md": (TRUST, {}),
    "R4-insecure-registries.md": (
        DOCKER,
        {
            "wharf token create": "wharf token create builder -n shop | skopeo login -u builder "
            "--password-stdin --tls-verify=false localhost:5000; "
            "skopeo copy --all --dest-tls-verify=false "
            'oci:"$HERE/image" docker://localhost:5000/shop/hello:1',
            "wharf hosts undo": "docker pull busybox 2>&1 | tee refused || true; "
            "grep 'docker.io is blocked by site rule block: all, not on allow' refused",
        },
    ),
    "R5-registries-with-a-login.md": (
        START + CLOSED + DOCKER,
        {
            "docker --config login pull": refused("docker pull quay.test/shop/clock:1"),
            END: "wharf secret logins default --to after/config.json -n shop; "
            "grep 127.0.0.1:5000 after/config.json; "
            + refused("docker --config after pull quay.test/shop/clock:1"),
        },
    ),
    "S1-evacuate-a-node.md": (
        NODES,
        {
            "wharf manage-node pier-1 --list-pods": f"if {LEFT.format('pier-1')}; then exit 1; fi",
            "kubectl get nodes": "kubectl get node pier-1 -o jsonpath='{.spec.unschedulable}' | diff - /dev/null",
            "wharf uncordon pier-1 pier-2": f"if {LEFT.format('pier-1')}; then exit 1; fi; "
            f"if {LEFT.format('pier-2')}; then exit 1; fi",
            "kubectl describe node": 'grep -q \'"event": "report"\' drain.log; '
            "grep -q 'state=\"evacuated\"} 1' drain.prom; "
            "kubectl describe node pier-1 | grep EvacuationDone",
            "wharf manage-node pier-1 --schedulable=true": f"if {LEFT.format('pier-1')}; then exit 1; fi",
            END: "kubectl get nodes | tee nodes; if grep SchedulingDisabled nodes; then exit 1; fi",
        },
    ),
    "S1-maintain-a-fleet.md": (
        MAINTAINED,
        {
            "wharf maintain -i inventory.ini --drain-for none --yes": "test ! -e "
            "/etc/containers/registries.conf.d/50-wharfinger.conf",
            "cat report.md": "grep registry.site.test /etc/containers/registries.conf.d/50-*; "
            "kubectl get nodes -o jsonpath='{.items[*].spec.unschedulable}' | diff - /dev/null; "
            "grep -E '^. web-1 . pier-1 . done . yes' report.md",
            "wharf maintain --status": KILLED,
            "wharf maintain --resume": 'touch "$HERE/mended"',
            END: "test $(wharf maintain --status -o json | grep -c '\"done\": 2') = 3",
        },
    ),
    "S1-without-kubernetes.md": (
        DOCKER + BOX,
        {
            "wharf docker restore": "docker ps --quiet | diff - /dev/null",
            "wharf swarm evacuate pier-2 --plan": "test $(docker ps --quiet | wc -l) = 2\n" + SWARM,
            "docker node ps pier-2": "test $(other ps --quiet | wc -l) = 0",
            "wharf swarm uncordon": "test $(docker service ps web --filter desired-state=running -q | wc -l) = 2",
            END: "docker node inspect pier-2 --format '{{.Spec.Availability}}' | grep active; "
            "(wharf swarm evacuate pier-2 --plan || true) | grep 'pinned.1: blocks'",
        },
    ),
    "fleet.md": (
        FLEET,
        {
            "wharf hosts apply site.yaml -i inventory.ini --serial": "test ! -e /etc/docker/daemon.json",
            "cat >hosts.yml": "grep lab.site.test:5000 /etc/docker/daemon.json",
        },
    ),
}


IMPORTS = (
    CLOSED
    + """
echo 'allowedRegistriesForImport: [{domainName: "quay.test:80", insecure: true}]' >imports.yaml
wharf up --import-policy imports.yaml --detach
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
wharf project create shop
kubectl -n shop create secret docker-registry quay --docker-server=quay.test:80 \\
    --docker-username=ann --docker-password='open sesame'
"""
)

POLICED = """
cat >policy.yaml <<END
{apiVersion: v1, kind: ImagePolicyConfig, executionRules: [{name: hub, matchRegistries: [docker.io]}]}
END
wharf up --image-policy policy.yaml --detach
export KUBECONFIG="$WHARF_STATE/admin.kubeconfig"
wharf project create shop
"""

STOCK: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "P1-which-images-may-run.md": (
        POLICED,
        {END: "grep 'Forbidden: this image is prohibited by policy' refusal"},
    ),
    "P2-import-images.md": (
        IMPORTS,
        {
            "kubectl patch imagestream clock": "kubectl get imagestreamtag clock:1 -n shop "
            "-o jsonpath='{.image.dockerImageReference}' | grep :5000/shop/clock@sha256:",
            END: "until kubectl get imagestreamtag clock:2 -n shop; do sleep 0.2; done",
        },
    ),
    "S1-without-kubernetes.md": (
        DOCKER + BOX,
        {
            "tac what-ran": "docker ps --quiet | diff - /dev/null",
            END: "test $(docker ps --quiet | wc -l) = 2",
        },
    ),
    "S1-evacuate-a-node.md": (
        NODES,
        {"kubectl get nodes": f"if {LEFT.format('pier-1')}; then exit 1; fi"},
    ),
    "G2-connect-a-cluster.md": (
        CLUSTER + DOCKER,
        {
            "TOKEN=": "until kubectl -n shop get secret connect-shop-token "
            "-o jsonpath='{.data.token}' | grep -q .; do sleep 0.1; done",
            "LINKED=": "kubectl --context cluster -n shop patch serviceaccount default "
            """-p '{"imagePullSecrets": [{"name": "kept"}]}'""",
            "docker --config login pull": refused(f"docker pull {CLOCK}"),
            END: f"{LINKS.format('--context cluster -n shop')} | grep ' kept registry-shop$'\n"
            f"docker rmi --force {CLOCK}; docker --config login pull {CLOCK}\n"
            + refused(f"docker --config login push {CLOCK}"),
        },
    ),
    "R5-registries-with-a-login.md": (
        START + CLOSED + DOCKER,
        {
            "kubectl -n shop create secret docker-registry quay": "PASSWORD='open sesame'",
            "kubectl -n shop get serviceaccounts": f"{LINKS.format('-n shop')} "
            "| grep '^default-dockercfg-[^ ]* quay site-images site-login old$'",
            "docker --config login pull": refused("docker pull quay.test/shop/clock:1"),
            END: f"{LINKS.format('-n shop')} | grep ' quay site-images site-login$'\n"
            "kubectl -n shop get buildconfig clock -o "
            "jsonpath='{.spec.output.pushSecret.name} {..pullSecret.name}' | grep '^quay site-images$'",
        },
    ),
}
"""The parts for stock tools, and what comes before their commands."""


def script(text: str, first: str, before: Mapping[str, str]) -> str:
    """One shell script of all that the text says to type."""
    unused = dict(before)
    lines = [HARNESS, first, "set -x"]
    for block in (*_BLOCK.findall(text), END):
        for line in block.splitlines():
            lines.extend(unused.pop(start) for start in list(unused) if line.startswith(start))
            lines.append(line)
    assert not unused, f"no command begins with {list(unused)}"
    return "\n".join(lines)


def at_a_terminal(
    command: tuple[str, ...], environ: Mapping[str, str], *, seconds: float
) -> tuple[int, str]:
    """Run `command` where it can ask, answer what it asks, and return its code and output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **environ},
        start_new_session=True,
    )
    os.close(theirs)
    output, asked, deadline = b"", b"", time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(ours, 65536)
            except OSError:  # the last one at the terminal has left
                break
            output, asked = output + part, asked + part
            if _QUESTION.search(asked):
                os.write(ours, b"open sesame\n")
                asked = b""
        else:
            process.kill()  # what it has said so far tells where it hung
        return process.wait(max(1, deadline - time.monotonic())), output.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("page", PAGES)
def test_a_how_to_page_works_as_written(page: str, short_path: Path) -> None:
    text = (HOW_TO / page).read_text()
    (short_path / "wharfinger.toml").write_text("".join(_SETTINGS.findall(text)))
    (short_path / "site.yaml").write_text("".join(_SITE.findall(text)))

    follow(script(_STOCK.sub("", text), *PAGES[page]), clients.KUBECTLS[0], short_path)


@pytest.mark.parametrize("kubectl", clients.KUBECTLS)
@pytest.mark.parametrize("page", STOCK)
def test_the_part_for_stock_tools_needs_no_other(page: str, kubectl: str, short_path: Path) -> None:
    [text] = _STOCK.findall((HOW_TO / page).read_text())
    (short_path / "wharfinger.toml").touch()
    first, before = STOCK[page]

    follow(script(text, f"{first}\nwharf() {{ exit 1; }}", before), kubectl, short_path)


def follow(script: str, kubectl: str, here: Path) -> None:
    """Type the script, apart from the rest of this machine; the test fails where it fails."""
    machine.need_root()
    for program in ("docker", "docker-registry", "htpasswd", "ip", "setsid", "skopeo", "unshare"):
        machine.need(program)
    program = machine.TOOLS / f"kubectl-{kubectl}" / "kubectl"
    if not program.exists():
        raise machine.missing(f"kubectl {kubectl}")
    for folder in ("bin", "home/.docker"):
        (here / folder).mkdir(parents=True)
    (here / "bin" / "kubectl").symlink_to(program)
    (here / "bin" / "wharf").symlink_to(machine.ROOT / ".venv" / "bin" / "wharf")
    login = '{"quay.test": {"auth": "YW5uOmh1bnRlcjI="}}'
    (here / "home/.dockercfg").write_text(login)
    (here / "home/.docker/config.json").write_text(f'{{"auths": {login}}}')
    images.multi_arch_layout(here / "image", ("amd64",))
    (here / "script").write_text(script)

    apart = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    code, output = at_a_terminal(
        (*apart, "setsid", "--ctty", "--wait", "bash", str(here / "script")),
        {
            "HERE": str(here),
            "HOME": str(here / "home"),
            "PATH": f"{here / 'bin'}:{os.environ['PATH']}",
            "REGISTRY_AUTH_FILE": str(here / "auth.json"),
            "WHARF_STATE": str(here / "state"),
        },
        seconds=180,
    )

    assert code == 0, output


def test_every_how_to_page_is_run() -> None:
    pages = {path.name: path.read_text() for path in HOW_TO.glob("*.md")}

    assert set(pages) == {*PAGES, *in_guests.FOLLOWED}
    assert {name for name, text in pages.items() if _STOCK.search(text)} == set(STOCK)

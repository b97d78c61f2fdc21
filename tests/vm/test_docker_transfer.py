"""
What Docker keeps on devicemapper, carried to overlay2 by steps and proven there; and taken back.

One guest holds all: images that share layers (named twice, by digest of a registry, without a name,
made from a container), volumes with what a file system can have, containers that wrote and deleted.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest

from e2e.machine import Done
from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import PYTHON, Laboratories, Laboratory
from vm.qemu import Disk
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.storage import outcomes, steps
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome

pytestmark = pytest.mark.e2e

_ROOT = "/var/lib/docker"
_CONFIG = "/etc/docker/daemon.json"
_ARCHIVES = "/archives"
_FOLDER = "/var/lib/wharfinger-host/storage"
_PUSHED = "127.0.0.1:5000/app-1"
_BEFORE = json.dumps(guest_docker.devicemapper("docker", "docker-pool"), indent=4) + "\n"
_RUN = """
import json, sys
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import outcomes, reading, run, steps
machine, read = Machine(), reading.read_storage
def say(progress):
    print(progress, file=sys.stderr, flush=True)
try:
    if sys.argv[1] == "apply":
        order = steps.from_json(json.loads(sys.argv[2]))
        outcome = run.apply(order, machine, say=say, read=read)
    else:
        forced = {"force": True} if "--force" in sys.argv else {}
        outcome = getattr(run, sys.argv[1])(machine, say=say, read=read, **forced)
except WharfingerError as error:
    sys.exit(str(error))
print(json.dumps(outcomes.to_json(outcome)))
"""
_REGISTRY = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/registry}}
http: {addr: "127.0.0.1:5000"}
"""
_WROTE = (
    "mkdir -p /var/new; echo some > /var/new/some; chmod 751 /var/new; chown 12:34 /var/new/some; "
    "ln /var/new/some /var/new/other; ln -s some /var/new/link; mkfifo /var/new/pipe; "
    "echo more >> /etc/passwd; echo in > /anonymous/in"
)


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    lab = laboratory(Disk("pool", gib=8), Disk("root", gib=4), Disk("archives", gib=4), memory=1536)
    lab.script(
        f"""
        pvcreate -q /dev/vda; vgcreate -q docker /dev/vda
        lvcreate -q -y --type thin-pool --zero n -c 512K -L 2G -n docker-pool docker
        for at in vdb:{_ROOT} vdc:{_ARCHIVES}; do
            mkfs.xfs -q /dev/${{at%%:*}}; mkdir -p ${{at##*:}}; mount /dev/${{at%%:*}} ${{at##*:}}
        done
        """
    ).check()
    return lab


@pytest.fixture(scope="module")
def docker(lab: Laboratory) -> GuestDocker:
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("docker", "docker-pool"))
    docker.load("app-1:v1", "app-2:v1", "app-3:v1", "app-4:v1", "app-5:v1")
    lab.write("/etc/registry.yml", _REGISTRY)
    lab.start("docker-registry", "serve", "/etc/registry.yml")
    lab.script(
        f"""
        until curl -sf http://127.0.0.1:5000/v2/; do sleep 0.2; done
        docker={guest_docker.CLIENT}
        $docker tag app-1:v1 127.0.0.1:5000/app-1:v1
        $docker push -q 127.0.0.1:5000/app-1:v1
        $docker tag app-2:v1 app-2:stable
        $docker tag app-4:v1 app-5:v1    # app-5 has no name now
        $docker volume create --label of=test data
        $docker volume create more
        $docker network create --driver bridge --subnet 10.9.0.0/24 inner
        $docker create --name defined --restart=always --env A=b --label c=d --network=none \\
            --volume data:/data:ro --hostname one --ulimit nofile=1024:2048 app-1:v1
        $docker run --name wrote --network=none --volume /anonymous app-2:stable \\
            /bin/busybox sh -euc '{_WROTE}'
        $docker run --name deleted --network=none --volume more:/more app-3:v1 \\
            /bin/busybox sh -c 'busybox rm /etc/passwd; busybox mkdir /kept'
        $docker create --name beside --network=container:defined --read-only app-1:v1
        $docker commit wrote committed:v1
        cd {_ROOT}/volumes/data/_data
        echo one > one; ln one two; ln -s one three; mkfifo pipe; mknod device c 1 3
        truncate -s 1G sparse; echo end >> sparse; chmod 4750 two; chown 5:6 three -h
        {PYTHON} -c 'import os; os.setxattr("one", "user.who", b"me")'
        mkdir -p deep/er; printf 'x' > "$(printf 'deep/er/\\377odd name')"
        echo more > {_ROOT}/volumes/more/_data/more
        """,
    ).check()
    return docker


def test_a_move_is_refused_while_a_container_runs(lab: Laboratory, docker: GuestDocker) -> None:
    docker.docker("start", "defined").check()
    refused = lab.python(_RUN, "apply", _order())
    docker.docker("kill", "defined").check()

    assert "while containers run: defined" in refused.err
    assert not lab.run("ls", f"{_FOLDER}/000001").ok


def test_a_killed_move_goes_on_and_proves_that_all_is_there(
    lab: Laboratory, docker: GuestDocker
) -> None:
    before = docker.holdings()
    job = lab.start(PYTHON, "-c", _RUN, "apply", _order())
    third_begun = re.compile(r"copying image \S+', done=2")
    _until(lambda: third_begun.search(job.errors) is not None or not job.running)
    job.kill()
    written = lab.script(f"stat -c '%n %Y' {_ARCHIVES}/layers/*").check().splitlines()

    outcome = _outcome(lab.python(_RUN, "resume", seconds=400))
    after = docker.holdings()

    assert (outcome.ending, outcome.trouble) == (Ending.APPLIED, "")
    assert outcome.proven == (
        "6 images, 3 volumes, 4 containers are as before",
        "container deleted has an image of its own now, with what it had written and deleted",
    )
    now = lab.script(f"stat -c '%n %Y' {_ARCHIVES}/layers/*").check().splitlines()
    assert 3 <= len(written) < len(now)
    assert {*written} < {*now}
    # The one for `deleted` has no name; that all others are there is what was proven.
    named = {name: id_ for name, id_ in before.images.items() if name != "<none>:<none>"}
    assert named.items() <= after.images.items()
    assert after.containers.keys() == before.containers.keys()
    assert after.volumes == before.volumes


def test_what_was_carried_can_be_used(lab: Laboratory, docker: GuestDocker) -> None:
    info = docker.docker("info", "--format", "{{.Driver}}").check().strip()
    digest = docker.docker("images", "--digests", "--format", "{{.Digest}}", _PUSHED).check()
    docker.docker("pull", "-q", f"{_PUSHED}@{digest.strip()}").check()
    lab.script(
        f"{guest_docker.CLIENT} cp wrote:/var/new - | tar -C /tmp --numeric-owner -xpf -"
    ).check()
    docker.docker("start", "defined", "deleted").check()
    lab.script(
        """
        test "$(cat /tmp/new/some)" = some
        test "$(stat -c '%a' /tmp/new)" = 751
        test "$(stat -c '%h %u:%g' /tmp/new/other)" = '2 12:34'
        test -p /tmp/new/pipe; test -L /tmp/new/link
        """
    ).check()
    seen = docker.docker("exec", "defined", "/bin/busybox", "cat", "/data/two").check()
    gone = docker.docker("diff", "deleted").check()
    docker.docker("rm", "--force", "defined").check()

    assert info == "overlay2"
    assert digest.startswith("sha256:")
    assert seen == "one\n"
    assert "/etc/passwd" not in gone
    assert "passwd" not in _names_in(lab, docker, "deleted", "/etc")


def test_the_way_back_has_all_as_it_was(lab: Laboratory, docker: GuestDocker) -> None:
    refused = lab.python(_RUN, "undo")
    outcome = _outcome(lab.python(_RUN, "undo", "--force"))
    docker_info = docker.docker("info", "--format", "{{.Driver}}").check().strip()
    after = docker.holdings()

    assert "it would lose what has come since" in refused.err
    assert "container defined is missing" in refused.err
    assert outcome.ending is Ending.UNDONE
    assert docker_info == "devicemapper"
    assert lab.read(_CONFIG) == _BEFORE
    assert sorted(after.containers) == ["beside", "defined", "deleted", "wrote"]
    assert after.containers["wrote"][1] == after.containers["deleted"][1] == "exited"
    assert lab.run("ls", _ROOT).check().split().count("overlay2") == 0


def _order() -> str:
    content = json.dumps(guest_docker.overlay2())
    order = steps.StorageOrder(
        (
            steps.TakeInventory("docker", contents=True),
            steps.ExportImages("docker", _ARCHIVES),
            steps.ExportContainers("docker", _ARCHIVES),
            steps.StopEngine("docker"),
            steps.ConfigureEngine("docker", _CONFIG, content, states.digest(_BEFORE.encode())),
            steps.CarryDigests(_ROOT, _ROOT, "devicemapper", "overlay2"),
            steps.StartEngine("docker"),
            steps.ImportImages("docker", _ARCHIVES),
            steps.ImportContainers("docker", _ARCHIVES),
            steps.ProveInventory("docker", contents=True),
        ),
        summary="to overlay2",
    )
    return json.dumps(steps.to_json(order))


def _outcome(done: Done) -> StorageOutcome:
    return outcomes.from_json(json.loads(done.check()))


def _names_in(lab: Laboratory, docker: GuestDocker, container: str, folder: str) -> list[str]:
    docker.docker("cp", f"{container}:{folder}", f"/tmp/of-{container}").check()
    return lab.run("ls", f"/tmp/of-{container}").check().split()


def _until(ready: Callable[[], bool], seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)

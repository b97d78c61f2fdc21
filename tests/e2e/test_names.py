"""
The real Skopeo reads each name of the corpus as image policy does: the same registry, or no image.

It has no network, so what it says is whom it would have asked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from e2e import machine
from wharfinger.oci.reference import HUB_V2, HUBS

pytestmark = pytest.mark.e2e

CORPUS = YAML(typ="safe", pure=True).load(
    (machine.ROOT / "tests" / "policy" / "imagepolicy" / "names.yaml").read_text()
)
DIFFERENT = {
    "quay_x.test/app": "takes the first part for a registry, and then asks one without a name",
    "[::1]:5000/x": "this version has no addresses of IPv6, which later ones read as we do",
    "[2001:db8::1]/team/app": "this version has no addresses of IPv6",
}
"""What Skopeo says otherwise, and in no case an image of another registry."""
NO_NAME = "no name"
_ASKED = re.compile(r"pinging container registry (\S*): Get ")
_INVALID = re.compile(
    r"invalid reference format|repository name must|cannot specify 64-byte|unsupported digest"
    r"|invalid checksum digest|Invalid image name"
)
_BOTH = "references with both a tag and digest are currently not supported"


def main() -> None:
    """As a program, in a network of its own: names as JSON on stdin, whom they would ask on stdout."""
    with ThreadPoolExecutor(4) as pool:
        print(json.dumps(list(pool.map(asked, json.load(sys.stdin)))))


def asked(name: str) -> str:
    done = subprocess.run(
        ["skopeo", "inspect", "--raw", f"docker://{name}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if _BOTH in done.stderr:  # it has read the name, and wants less of it
        tag = name.partition("@")[0].rpartition(":")[2]
        return asked(name.replace(f":{tag}@", "@"))
    if found := _ASKED.search(done.stderr):
        return found[1]
    return NO_NAME if _INVALID.search(done.stderr) else done.stderr


def expected() -> dict[str, str]:
    """Whom each name leads to; no argument of a program can hold NUL."""
    hub = dict.fromkeys((*HUBS, ""), HUB_V2)
    found = {
        name: hub.get(registry, registry)
        for registry, names in CORPUS["registries"].items()
        for name in names
    }
    found |= dict.fromkeys(CORPUS["lone"], HUB_V2) | dict.fromkeys(CORPUS["unreadable"], NO_NAME)
    return {name: where for name, where in found.items() if "\0" not in name}


def test_skopeo_reads_names_as_image_policy_does() -> None:
    machine.need_root()
    machine.need("skopeo")
    wanted = expected()

    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(Path(__file__))],
        input=json.dumps(list(wanted)),
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(machine.ROOT / "tests")},
    )

    found = dict(zip(wanted, json.loads(done.stdout), strict=True))
    different = {name: found[name] for name in wanted if found[name] != wanted[name]}
    assert set(different) == set(DIFFERENT), different
    assert len(wanted) >= 200
    for name, said in different.items():
        assert said in (NO_NAME, "", wanted[name]), (name, said)


if __name__ == "__main__":
    main()

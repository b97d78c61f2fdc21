"""
Ask Skopeo and Podman about images, under one set of files after the other.

As a program, in a namespace of its own where /etc may be written: reads questions as JSON from stdin
and prints the answers. A question is `{"files": {path: text or null}, "images": [...]}`, an answer
gives for each image and tool "allowed", "refused", or what else was said.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

from wharfinger.oci.reference import ImageReference

REFUSALS = (
    re.compile(r"registry \S+ is blocked in "),
    re.compile(r" is rejected by policy\."),
    re.compile(r"did not resolve to an alias and no "),
    re.compile(r"rewriting reference: invalid reference format"),
)


def main(folder: str) -> None:
    questions = json.load(sys.stdin)
    print(json.dumps([answer(question, Path(folder)) for question in questions]))


def answer(question: dict, folder: Path) -> dict[str, dict[str, str]]:
    for path, text in question["files"].items():
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if text is not None:
            target.write_text(text)
    images = question["images"]
    with ThreadPoolExecutor(4) as pool:
        return {
            tool.__name__: dict(zip(images, pool.map(tool, images, repeat(folder)), strict=True))
            for tool in (skopeo, podman)
        }


def skopeo(image: str, folder: Path) -> str:
    with TemporaryDirectory(dir=folder) as target:
        done = run("skopeo", "copy", "--quiet", f"docker://{image}", f"dir:{target}")
    return said(done.returncode == 0, done.stderr)


def podman(image: str, folder: Path) -> str:
    """A short name of an image that is in the store goes where that came from, so it gets a new one."""
    if ImageReference.parse(image).registry:
        return podman_in(folder / "store", image)
    with TemporaryDirectory(dir=folder) as store:
        return podman_in(Path(store), image)


def podman_in(store: Path, image: str) -> str:
    done = run(
        *("podman", "--root", store / "root", "--runroot", store / "run"),
        *("--storage-driver", "vfs", "pull", "--quiet", image),
    )
    return said(done.returncode == 0, done.stderr)


def said(ok: bool, fault: str) -> str:
    if ok:
        return "allowed"
    lines = [line for line in re.split(r"\n \* |\n", fault) if line.strip()]
    told = [line for line in lines if "errors occurred" not in line]
    refused = all(any(one.search(line) for one in REFUSALS) for line in told)
    return "refused" if told and refused else fault


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""
Decide for containerd 2 whether an image may be pulled: an executable of its `bindir` verifier.

    verify-image -name NAME -digest DIGEST -stdin-media-type TYPE [-operation pull|run]

containerd calls it with the full name of the image and a descriptor on stdin; code 0 lets the image
in, any other keeps it out, and what is printed is the reason. The name decides, by the same policy as
everywhere; the descriptor says nothing of where an image comes from. Whatever cannot be read keeps
the image out.

https://github.com/containerd/containerd/blob/main/docs/image-verification.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wharfinger.errors import BadInput, WharfingerError
from wharfinger.hosts.on_host.docker_authz.policy_file import PATH, PolicyFile
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.access import AccessVerdict

_OPTIONS: Final = frozenset({"name", "digest", "stdin-media-type", "operation"})


class UnclearVerification(BadInput):
    code = "unclear-verification"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot tell which image containerd asks about: {reason}")


def name_in(arguments: Sequence[str]) -> str:
    """The image's name in the arguments, which Go's flag package writes as `-name x` or `-name=x`."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        name = option.removeprefix("-").removeprefix("-")
        if name == option or name not in _OPTIONS or name in given or not (equals or rest):
            raise UnclearVerification(f"argument {option!r}")
        given[name] = value if equals else rest.pop(0)
    if not given.get("name"):
        raise UnclearVerification("it has no -name")
    return given["name"]


def decide(arguments: Sequence[str], policy: PolicyFile) -> AccessVerdict:
    """Raises what is wrong with the arguments, the name or the policy's file."""
    image = ImageReference.parse(name_in(arguments))
    if not image.registry or not image.name:
        raise UnclearVerification("containerd gives names with their registry")
    return policy.current().decide(image)


def run(arguments: Sequence[str], path: str = PATH) -> int:
    """Print the reason; return the code for containerd."""
    try:
        verdict = decide(arguments, PolicyFile(path))
    except WharfingerError as error:
        print(_printable(error.message))
        return 1
    print(_printable(verdict.reason))
    return 0 if verdict.allowed else 1


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)

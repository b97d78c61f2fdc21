"""References: the recorded cases, the round trip, and names made to deceive a reader."""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci.reference import ImageReference, InvalidReference, is_digest

VECTORS = Path(__file__).parents[1] / "vectors"
DIGEST = "sha256:" + "ab" * 32


def cases(name: str) -> list:
    document = json.loads((VECTORS / name).read_text())
    return [pytest.param(case, id=case["id"]) for case in document["cases"]]


@pytest.mark.parametrize("case", cases("reference_parse.json"))
def test_parses_as_recorded(case):
    text, expected = case["input"]["ref"], case["expect"]
    if expected.get("error"):
        with pytest.raises(InvalidReference) as caught:
            ImageReference.parse(text)
        assert expected.get("message", caught.value.reason) == caught.value.reason
    else:
        assert asdict(ImageReference.parse(text)) == expected


def host_port(reference: ImageReference, *, insecure: bool) -> str:
    return ":".join(reference.registry_address(insecure=insecure))


OPERATIONS = {
    "asRepository": lambda ref: ref.as_repository().exact(),
    "asV2Registry": lambda ref: ref.as_v2().registry,
    "daemonMinimal": lambda ref: str(ref.daemon_minimal()),
    "daemonMinimalExact": lambda ref: ref.daemon_minimal().exact(),
    "dockerClientDefaults": lambda ref: ref.with_client_defaults().exact(),
    "exact": lambda ref: ref.exact(),
    "minimal": lambda ref: ref.minimal().exact(),
    "mostSpecific": lambda ref: ref.most_specific().exact(),
    "nameString": lambda ref: ref.name_string(),
    "registryHostPort": lambda ref: host_port(ref, insecure=False),
    "registryHostPortInsecure": lambda ref: host_port(ref, insecure=True),
    "registryHostPortSecure": lambda ref: host_port(ref, insecure=False),
    "registryURL": lambda ref: f"https://{ref.as_v2().registry}",
    "repositoryName": lambda ref: ref.repository,
    "string": str,
}


@pytest.mark.parametrize("case", cases("reference_format.json"))
def test_formats_as_recorded(case):
    given_, expected = case["input"], case["expect"]
    if given_["op"] == "equal":
        one, other = ImageReference(**given_["a"]), ImageReference(**given_["b"])
        assert one.same_image(other) is expected["equal"]
    else:
        assert OPERATIONS[given_["op"]](ImageReference(**given_["ref"])) == expected["string"]


LABEL = st.from_regex(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
PORT = st.integers(1, 65535).map(lambda port: f":{port}")
REGISTRIES = st.one_of(
    st.just(""),
    st.builds("".join, st.tuples(st.just("localhost"), st.one_of(st.just(""), PORT))),
    st.builds("{}.{}{}".format, LABEL, LABEL, st.one_of(st.just(""), PORT)),
    st.builds("{}{}".format, LABEL, PORT),
)
COMPONENT = st.from_regex(r"[a-z0-9]{1,6}(?:(?:[.]|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
TAG = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True))
IDS = st.sampled_from(["", DIGEST, "sha512:" + "0f" * 64])


@given(REGISTRIES, st.lists(COMPONENT, min_size=2, max_size=5), TAG, IDS)
def test_a_full_spelling_reads_back_as_the_same_value(registry, components, tag, identity):
    path = "/".join(components)
    text = f"{registry}/{path}" if registry else f"ns/{path}"
    text += (f":{tag}" if tag else "") + (f"@{identity}" if identity else "")

    reference = ImageReference.parse(text)

    assert reference.full() == text
    assert ImageReference.parse(reference.full()) == reference
    assert (reference.registry, reference.tag, reference.id) == (registry, tag, identity)


@given(st.text(st.sampled_from("aZ0.:/@-_[]\n \u200b"), max_size=30))
def test_any_text_is_a_reference_that_reads_back_or_an_error(text):
    with contextlib.suppress(InvalidReference):
        assert ImageReference.parse(text).full() == text


@pytest.mark.parametrize(
    ("text", "registry", "repository"),
    [
        ("quay.io.evil.test/x", "quay.io.evil.test", "x"),
        ("quay.io-evil.test/x", "quay.io-evil.test", "x"),
        ("mcr.test:5000/x", "mcr.test:5000", "x"),
        ("quay/io/x", "", "quay/io/x"),
        ("foobar/alpine", "", "foobar/alpine"),
        ("foo.bar/alpine", "foo.bar", "alpine"),
        ("alpine", "", "alpine"),
        ("docker.io/alpine", "docker.io", "alpine"),
        ("index.docker.io/library/alpine", "index.docker.io", "library/alpine"),
        ("localhost/x", "localhost", "x"),
        ("LOCALHOST/x", "", "LOCALHOST/x"),
        ("a.test/b.test/c", "a.test", "b.test/c"),
        ("a.test:80/b", "a.test:80", "b"),
        ("[::1]:5000/x", "[::1]:5000", "x"),
    ],
)
def test_the_registry_is_the_whole_first_component(text, registry, repository):
    reference = ImageReference.parse(text)

    assert (reference.registry, reference.repository) == (registry, repository)


@pytest.mark.parametrize(
    "text",
    [
        "x:tag\n", "x\n", " x", "x ", "x\0", "quay.io\u200b/x", "quay.io/\u0445", "\uff51uay.io/x",
        "user@quay.io/x", "quay.io/x/../y", "quay.io//x", "/x", "x/", "quay.io/x?y", "quay.io/x#y",
        "quay.io\\x", "quay.io/%2e%2e/x", "x:" + "t" * 129, "x:.tag", "x:-tag", "x@" + DIGEST.upper(),
        "x@" + DIGEST[:-1], "x@sha1:" + "a" * 40, "x@" + DIGEST + "@" + DIGEST, "x:a:b", "a..b/x",
        "-a.test/x", "a.test-/x", "a___b", "a._b", "quay.io:port/x", "a" * 100_000, "a-" * 5_000,
    ],
)  # fmt: skip
def test_refuses_what_the_grammar_does_not_know(text):
    with pytest.raises(InvalidReference):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x@sha256:" + "0" * 63, "invalid checksum digest length"),
        ("x@sha256:" + "A" * 64, "invalid checksum digest format"),
        ("x@md5:" + "0" * 32, "unsupported digest algorithm"),
        ("x@sha256:bad", "invalid reference format"),
        ("X@" + DIGEST, "repository name must be lowercase"),
        ("a" * 256, "repository name must not be more than 255 characters"),
        ("a" * 600, "repository name must not be more than 255 characters"),
    ],
)
def test_an_error_says_which_rule_is_broken(text, reason):
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse(text)

    assert caught.value.reason == reason


def test_a_tag_may_have_128_characters():
    assert ImageReference.parse("x:" + "t" * 128).tag == "t" * 128


@pytest.mark.parametrize("text", ["quay.io", "quay.io:5000", "localhost", "localhost:5000"])
def test_a_lone_host_is_a_registry(text):
    assert ImageReference.parse(text) == ImageReference(registry=text)


@pytest.mark.parametrize("text", ["my.app:v1", f"my.app@{DIGEST}", "localhost:latest"])
def test_a_tag_that_is_no_port_makes_a_name(text):
    assert ImageReference.parse(text).registry == ""


def test_a_digest_has_the_length_of_its_algorithm():
    assert is_digest(DIGEST)
    assert not is_digest("sha512:" + "ab" * 32)


def test_an_address_of_ipv6_comes_without_brackets():
    assert ImageReference.parse("[::1]:5000/x").registry_address() == ("::1", "5000")
    assert ImageReference.parse("[::1]/x").registry_address(insecure=True) == ("::1", "80")

"""Names of places, as users of skopeo type them."""

from pathlib import Path

import pytest

from wharfinger.oci.reference import InvalidReference
from wharfinger.remote.copy import locations
from wharfinger.remote.copy.locations import (
    ArchiveLocation,
    DockerLocation,
    InvalidLocation,
    LayoutLocation,
)

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("docker://busybox", "docker.io/library/busybox"),
        ("docker://quay.io:5000/team/app:1.2", "quay.io:5000/team/app:1.2"),
        (f"docker://quay.io/team/app:1@{DIGEST}", f"quay.io/team/app:1@{DIGEST}"),
        (f"docker://[::1]:5000/app@{DIGEST}", f"[::1]:5000/app@{DIGEST}"),
    ],
)
def test_an_image_of_a_registry_is_read_as_docker_reads_it(text, full):
    found = locations.parse(text)

    assert isinstance(found, DockerLocation)
    assert found.image.full() == full
    assert locations.parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("oci:some/where", LayoutLocation(Path("some/where"))),
        ("oci:/a b:1.2", LayoutLocation(Path("/a b"), "1.2")),
        ("oci:a:quay.io/team/app:1", LayoutLocation(Path("a"), "quay.io/team/app:1")),
        ("docker-archive:a.tar", ArchiveLocation(Path("a.tar"))),
        ("docker-archive:a.tar:@2", ArchiveLocation(Path("a.tar"), number=2)),
    ],
)
def test_a_path_ends_at_its_first_colon(text, found):
    assert locations.parse(text) == found
    assert str(found) == text


def test_an_image_of_an_archive_has_a_name_with_a_tag():
    found = locations.parse("docker-archive:a.tar:busybox")

    assert str(found) == "docker-archive:a.tar:docker.io/library/busybox:latest"


@pytest.mark.parametrize(
    "text",
    [
        "busybox",
        "dir:here",
        "DOCKER://busybox",
        "docker://quay.io",
        "oci:",
        "oci::1",
        "oci:a:b c",
        "oci:a:\u00e4",
        "oci:a\0b",
        "docker-archive:",
        f"docker-archive:a.tar:busybox@{DIGEST}",
        "docker-archive:a.tar:@-1",
        "docker-archive:a.tar:@1234567",
        "docker-archive:a.tar:@\u0661",
    ],
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(InvalidLocation):
        locations.parse(text)


@pytest.mark.parametrize(
    "text", ["docker://", "docker:///x", "docker://quay.io/Upper", "docker://a:b:c"]
)
def test_what_is_no_image_name_is_refused(text):
    with pytest.raises(InvalidReference):
        locations.parse(text)

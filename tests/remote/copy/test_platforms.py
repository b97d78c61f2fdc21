"""Which image of an index is for a machine."""

import pytest

import made_images
from wharfinger.remote.copy import platforms
from wharfinger.remote.copy.platforms import InvalidPlatform, NoSuchPlatform, Platform

IMAGES = [made_images.image(b"", os=str(number)) for number in range(4)]
INDEX = made_images.index(IMAGES, ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"])


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("linux/amd64", 0), ("linux/arm/v7", 2), ("linux/arm", 1), ("linux/arm64/v8", 3)],
)
def test_the_first_image_that_serves_is_chosen(wanted, number):
    assert platforms.choose(INDEX, Platform.parse(wanted)) == IMAGES[number].digest


def test_what_there_is_instead_is_told():
    with pytest.raises(NoSuchPlatform) as raised:
        platforms.choose(INDEX, Platform.parse("windows/amd64"))
    assert raised.value.there == ("linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64")


def test_images_without_a_platform_are_for_none():
    with pytest.raises(NoSuchPlatform, match="none"):
        platforms.choose(made_images.index(IMAGES), Platform.parse("linux/amd64"))


def test_machines_have_the_names_of_images():
    assert [str(Platform.of_machine(name)) for name in ("x86_64", "armv7l", "s390x")] == [
        "linux/amd64",
        "linux/arm/v7",
        "linux/s390x",
    ]


@pytest.mark.parametrize("text", ["", "linux", "linux/", "Linux/amd64", "a/b/c/d", "linux/amd64\n"])
def test_what_is_no_platform_is_refused(text):
    with pytest.raises(InvalidPlatform):
        Platform.parse(text)

"""From where a tag is pulled, besides the recorded cases."""

import pytest

from wharfinger.images.streams import pull_spec
from wharfinger.images.streams.pull_spec import PullSpec, PullSpecUnknown

DIGEST = "sha256:" + "ab" * 32


def stream(*, policy="Source", wanted=1, seen=1, repository="registry.test:5000/team/app"):
    origin = {"kind": "DockerImage", "name": "hub.test/a:1"}
    event = {"dockerImageReference": f"hub.test/a@{DIGEST}", "image": DIGEST, "generation": seen}
    return {
        "metadata": {"namespace": "team", "name": "app"},
        "spec": {"tags": [{"name": "1", "from": origin, "referencePolicy": {"type": policy}, "generation": wanted}]},
        "status": {"dockerImageRepository": repository, "tags": [{"tag": "1", "items": [event]}]},
    }  # fmt: skip


def test_an_older_image_serves_until_the_newer_one_has_come():
    held = stream(wanted=2)

    assert pull_spec.of_tag(held, "1") == PullSpec(
        f"hub.test/a@{DIGEST}", newer=True, imported=True
    )
    assert pull_spec.of_tag(held, "1", newest=True) == PullSpec("hub.test/a:1")


def test_where_only_the_newest_will_do_a_local_tag_has_to_wait():
    with pytest.raises(PullSpecUnknown):
        pull_spec.of_tag(stream(policy="Local", wanted=2), "1", newest=True)


def test_a_local_tag_is_pulled_from_here_if_here_is_known():
    here = f"registry.test:5000/team/app@{DIGEST}"

    assert pull_spec.of_latest(stream(policy="Local"), "1") == here
    assert pull_spec.of_tag(stream(policy="Local"), "1").text == here
    for unknown in ("", "NO NAME"):
        held = stream(policy="Local", repository=unknown)
        assert pull_spec.of_latest(held, "1") == f"hub.test/a@{DIGEST}"

import json

import pytest

from wharfinger.hosts.site.faults import UnreadableDocument
from wharfinger.images.policy_text import UnusableImagePolicy
from wharfinger.server.metrics import Metrics
from wharfinger.server.policy_file import PolicyFile, PolicyUnreadable

POLICY = """
apiVersion: image.openshift.io/v1
kind: ImagePolicyConfig
resolveImages: {mode}
"""


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "policy.yaml"
    made.write_text(POLICY.format(mode="Attempt"))
    return made


def sample(metrics, name):
    return metrics.registry.get_sample_value(name)


def test_a_file_that_changes_is_taken_and_counted(path, metrics):
    file = PolicyFile(path, metrics)
    file.look()
    assert (file.generation, sample(metrics, "wharfinger_policy_generation")) == (1, 1)

    path.write_text(POLICY.format(mode="Required"))
    file.look()

    assert file.policy.resolve_images == "Required"
    assert (file.generation, sample(metrics, "wharfinger_policy_generation")) == (2, 2)


@pytest.mark.parametrize("text", ["", "kind: [", "kind: Pod", POLICY + "surprise: 1"])
def test_a_file_that_becomes_unusable_leaves_the_policy_of_before_and_is_told(
    path, metrics, text, caplog
):
    file = PolicyFile(path, metrics)
    before = file.policy
    path.write_text(text.format(mode="Attempt"))
    file.look()
    file.look()

    assert file.policy is before
    assert file.fault is not None
    assert sample(metrics, "wharfinger_policy_faulty") == 1
    assert len(caplog.records) == 1

    path.write_text(POLICY.format(mode="Attempt"))
    file.look()
    assert (file.fault, sample(metrics, "wharfinger_policy_faulty")) == (None, 0)


def test_a_file_that_goes_away_leaves_the_policy_of_before(path, metrics):
    file = PolicyFile(path, metrics)
    path.unlink()
    file.look()

    assert "No such file" in file.fault
    path.write_text(POLICY.format(mode="Attempt"))
    file.look()
    assert file.fault is None


def test_the_policy_may_stand_in_the_configuration_of_a_master(path, metrics):
    own = {"apiVersion": "v1", "kind": "ImagePolicyConfig", "resolveImages": "Required"}
    plugins = {"openshift.io/ImagePolicy": {"configuration": own}}
    path.write_text(json.dumps({"admissionConfig": {"pluginConfig": plugins}}))

    assert PolicyFile(path, metrics).policy.resolve_images == "Required"


@pytest.mark.parametrize(
    ("text", "error"),
    [(None, PolicyUnreadable), ("a: [", UnreadableDocument), ("kind: Pod", UnusableImagePolicy)],
)
def test_at_the_start_a_policy_that_cannot_be_used_is_an_error(path, metrics, text, error):
    path.unlink()
    if text is not None:
        path.write_text(text)

    with pytest.raises(error):
        PolicyFile(path, metrics)

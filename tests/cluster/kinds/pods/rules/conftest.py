"""A pod that is good, and what is said against one that is not."""

import copy

import pytest

from wharfinger.cluster.kinds.pods import default_pod_spec, validate_pod_spec


@pytest.fixture
def judge():
    """Judge a spec, made of one good container (`with_container` changes it) and other fields."""

    def judge(with_container=None, **spec):
        container = {"name": "a", "image": "a:1", **(with_container or {})}
        whole = copy.deepcopy({"containers": [container], **spec})
        default_pod_spec(whole)
        return [
            f"{error.field.removeprefix('spec.')}: {error.message}"
            for error in validate_pod_spec(whole, "spec")
        ]

    return judge

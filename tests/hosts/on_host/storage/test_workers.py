from __future__ import annotations

import pytest

from wharfinger.hosts.on_host.storage.steps import KINDS, Back
from wharfinger.hosts.on_host.storage.workers import WORKERS


def test_each_kind_of_step_has_one_who_does_it():
    assert set(WORKERS) == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_what_can_be_taken_back_has_one_who_does_that(kind):
    assert (WORKERS[kind].undo is not None) == (kind.back is Back.TAKEN_BACK)

"""Owners of pods as users write them, completed as the server does."""

import copy
from datetime import UTC, datetime

import pytest

from wharfinger.cluster import tables

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LABELS = {"app": "a"}


class Workload:
    """Makes objects of one kind; what is given stands in for what a plain one has."""

    def __init__(self, kind):
        self.kind = kind

    def template(self, labels=None, **pod):
        containers = [{"name": "one", "image": "reg/one:1"}, {"name": "two", "image": "reg/two:2"}]
        metadata = {"labels": LABELS if labels is None else labels}
        return {"metadata": metadata, "spec": {"containers": containers, **pod}}

    def made(self, spec=None, *, metadata=None, status=None, **pod):
        """A plain object with these fields of its spec, and of the pods in it."""
        plain = {"selector": {"matchLabels": LABELS}, "template": self.template(**pod)}
        found = {name: value for name, value in (plain | (spec or {})).items() if value is not ...}
        return self.completed(
            {"metadata": {"name": "x", **(metadata or {})}, "spec": found}, status
        )

    def completed(self, obj, status=None):
        new = copy.deepcopy(obj)
        if status is not None:
            new["status"] = status
        self.kind.default(new)
        return new

    def refused(self, spec=None, **more):
        """What is wrong with such an object."""
        return told(self.kind.validate(self.made(spec, **more)))

    def changed(self, old, new):
        """What is wrong with such a change."""
        return told(self.kind.validate_update(new, old))

    def cells(self, obj, *, wide=False):
        """What `kubectl get` prints of it."""
        columns = [one for one in self.kind.columns if wide or not one.wide]
        row = tables.table(self.kind, [obj], NOW)["rows"][0]["cells"]
        return dict(
            list(zip([one.name for one in self.kind.columns], row, strict=True))[: len(columns)]
        )


def told(errors):
    return [f"{error.field}: {error.message}" for error in errors]


@pytest.fixture
def workload():
    return Workload

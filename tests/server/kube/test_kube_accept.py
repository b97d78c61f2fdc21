from __future__ import annotations

import pytest

from wharfinger.server.kube_accept import Form, gzip, negotiate
from wharfinger.server.kube_errors import NotAcceptable

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Form.PLAIN),
        ("*/*", Form.PLAIN),
        ("application/json", Form.PLAIN),
        (f"{TABLE},application/json", Form.TABLE),
        (
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,"
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
            ),
            Form.TABLE,
        ),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json", Form.PLAIN),
        (PARTIAL, Form.PARTIAL),
        (PARTIALS, Form.PARTIAL),
        (f"{PROTOBUF},application/json", Form.PLAIN),
        (f"application/json;q=0.5,{TABLE};q=0.9", Form.TABLE),
        (f"{TABLE};q=0,application/json;q=0.1", Form.PLAIN),
        (f"{TABLE};q=many,application/json", Form.TABLE),
        (f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{PARTIAL}", Form.PARTIAL),
    ],
)
def test_the_first_form_that_we_have_is_taken(accept, form):
    assert negotiate(accept) is form


@pytest.mark.parametrize(
    "accept",
    [PROTOBUF, "text/html", "application/json;q=0", "application/json;as=Frob", "application/yaml"],
)
def test_without_one_the_request_is_refused(accept):
    with pytest.raises(NotAcceptable):
        negotiate(accept)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("*", False),
    ],
)
def test_gzip_is_given_to_those_who_name_it(asked, given):
    assert gzip(asked) is given

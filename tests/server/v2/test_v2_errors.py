import inspect

import pytest

from wharfinger import errors
from wharfinger.errors import WharfingerError
from wharfinger.oci import errors as oci
from wharfinger.oci.digest import Digest
from wharfinger.registry import errors as registry
from wharfinger.server.v2_errors import CODES, oci_error_body

KINDS = [
    kind
    for module in (errors, oci, registry)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, WharfingerError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_code_of_capitals(kind):
    code = next(CODES[parent] for parent in kind.__mro__ if parent in CODES)

    assert code.replace("_", "").isupper()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.TooManyRequests("x"), 429, "TOOMANYREQUESTS"),
        (errors.Unavailable("x"), 503, "UNAVAILABLE"),
        (registry.NoRoom(), 507, "STORAGE_FULL"),
        (registry.OffsetMismatch(3, 5), 416, "BLOB_UPLOAD_INVALID"),
        (oci.ManifestTooLarge(1), 413, "SIZE_INVALID"),
        (WharfingerError("x"), 500, "UNKNOWN"),
    ],
)
def test_an_error_has_its_status_and_code(error, status, code):
    assert oci_error_body(error)[:2] == (status, code)


def test_a_remedy_and_what_is_missing_go_into_the_detail():
    digest = Digest.of(b"")

    detail = oci_error_body(registry.ManifestIncomplete([digest])).detail

    assert detail is not None
    assert detail["missing"] == [str(digest)]
    assert "push" in detail["remedy"]

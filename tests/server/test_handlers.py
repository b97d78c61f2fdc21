import pytest

from wharfinger.server.handlers import first_segment, handler_of


@pytest.mark.parametrize(
    ("path", "handler"),
    [
        ("/v2", "base"),
        ("/v2/", "base"),
        ("/v2/_catalog", "catalog"),
        ("/v2/team/app/tags/list", "tags"),
        ("/v2/team/app/manifests/latest", "manifest"),
        ("/v2/team/app/blobs/sha256:00", "blob"),
        ("/v2/team/app/blobs/uploads/", "blob_upload"),
        ("/v2/team/app/blobs/uploads", "blob_upload"),
        ("/v2/team/app/blobs/uploads/5f", "blob_upload_chunk"),
        ("/v2/team/blobs/uploads/manifests/latest", "manifest"),
        ("/v2/team/app/referrers/sha256:00", "referrers"),
        ("/v2/nonsense", "other"),
        ("/v2/a/b/c", "other"),
        ("/v22/", "other"),
        ("/api/v1/namespaces", "api"),
        ("/apis", "api"),
        ("/readyz/ping", "health"),
        ("/oauth/token", "oauth"),
        ("/", "other"),
        ("//v2/", "other"),
        ("", "other"),
    ],
)
def test_a_path_is_counted_under_a_stable_name(path, handler):
    assert handler_of(path) == handler


def test_the_first_segment_ends_at_the_next_slash():
    assert first_segment("/v2/team/app") == "v2"
    assert first_segment("/v2") == "v2"

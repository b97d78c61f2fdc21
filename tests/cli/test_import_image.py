"""`wharf import`: what is asked, and what of the answer is told."""

import json

import pytest

from wharfinger.cli import image_stream_text
from wharfinger.cli.exit_codes import ExitCode

IMPORTS = "/apis/image.openshift.io/v1/namespaces/team/imagestreamimports"
STREAM = "/apis/image.openshift.io/v1/namespaces/team/imagestreams/app"
DIGEST = "sha256:" + "a" * 64
EVENT = {
    "created": "2026-01-01T00:00:00Z",
    "dockerImageReference": f"quay.io/team/app@{DIGEST}",
    "image": DIGEST,
}
IMPORTED = {
    "metadata": {"name": "app", "namespace": "team", "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {
        "tags": [
            {"name": "v1", "from": {"kind": "DockerImage", "name": "quay.io/team/app:v1"}},
            {"name": "v2", "from": {"kind": "DockerImage", "name": "quay.io/team/\x1b[2Japp:v2"}},
        ]
    },
    "status": {
        "dockerImageRepository": "here:5000/team/app",
        "tags": [
            {"tag": "v1", "items": [EVENT] * 7},
            {
                "tag": "v2",
                "conditions": [
                    {
                        "type": "ImportSuccess",
                        "status": "False",
                        "reason": "NotFound",
                        "message": "no such image",
                    }
                ],
            },
        ],
    },
}
IMAGE = {
    "metadata": {"name": DIGEST},
    "dockerImageReference": f"quay.io/team/app@{DIGEST}",
    "dockerImageLayers": [{"name": DIGEST}],
    "dockerImageMetadata": {
        "Architecture": "arm64",
        "Os": "linux",
        "Size": 2_500_000,
        "Config": {"Labels": {"vendor": "site"}, "Cmd": ["/app"]},
    },
}


@pytest.fixture
def answered(server, kubeconfig):
    """The server answers each import with this."""

    def answer(**status):
        body = {"kind": "ImageStreamImport", "metadata": {"name": "app"}, "status": status}
        server.replies[IMPORTS] = (
            201,
            {"Content-Type": "application/json"},
            json.dumps(body).encode(),
        )

    answer(
        **{
            "import": IMPORTED,
            "images": [{"status": {"status": "Success"}, "image": IMAGE, "tag": "v1"}],
        }
    )
    return answer


def test_an_import_is_told_with_the_stream_and_its_images(wharf, answered):
    result = wharf("import", "app:v1", "--from", "quay.io/team/app:v1", "--confirm")

    assert result.code == 0, result.err
    first, blank, *rest = result.out.splitlines()
    assert (first, blank) == ("imagestream.image.openshift.io/app imported", "")
    for line in (
        "Image Repository:   here:5000/team/app",
        "Unique Images:      1",
        "  tagged from quay.io/team/app:v1",
        f"  * quay.io/team/app@{DIGEST}",
        "    and 2 more",
        "  ! error: Import failed (NotFound): no such image",
        "  tagged from quay.io/team/\\x1b[2Japp:v2",
        "Image Name:         app:v1",
        "Image Size:         2.5MB",
        "Arch:               linux/arm64",
        "Docker Labels:      vendor=site",
    ):
        assert line in rest


def test_a_failure_of_some_is_told_and_fails_the_command(wharf, answered):
    failed = {"status": "Failure", "message": "no access"}
    answered(
        images=[{"status": failed}],
        repository={"additionalTags": ["a", "b"], "images": [{"status": failed, "tag": "v9"}]},
    )

    result = wharf("import", "app", "--confirm", "--dry-run")

    assert result.code == ExitCode.ERROR
    assert result.out == "imagestream.image.openshift.io/app imported with errors (dry run)\n"
    assert result.err.splitlines() == [
        "info: The remote repository contained 2 additional tags which were not imported: a, b",
        "error: tag failed: no access",
        "error: repository tag v9 failed: no access",
        "error: imported completed with errors",
    ]


def test_a_program_gets_the_answer_whole(wharf, answered):
    assert json.loads(wharf("import", "app", "--confirm", "-o", "json").out)["status"]["images"]
    assert wharf("import-image", "app", "--confirm", "-o", "name").out == (
        "imagestream.image.openshift.io/app\n"
    )


def test_a_stream_that_is_there_is_imported_again_from_where_it_comes(wharf, server, kubeconfig):
    source = {"kind": "DockerImage", "name": "quay.io/team/app:v1"}
    server.add(STREAM, spec={"tags": [{"name": "v1", "from": source}]})

    assert wharf("import", "app:v1").code == 0

    [made] = server.objects[f"{IMPORTS}/app"]["spec"]["images"]
    assert made["from"] == source


def test_what_makes_no_sense_is_not_sent(wharf, server, answered):
    result = wharf("import", "app")

    assert result.code == ExitCode.USAGE
    assert result.err.startswith(
        'error: no image stream named "app" exists, pass --confirm to create and import'
    )
    assert wharf("import", "app:v1", "--all").code == ExitCode.USAGE
    assert server.writes() == []


def test_a_stream_without_tags_is_described():
    text = image_stream_text.stream({"metadata": {"name": "app"}})

    assert "Tags:               <none>" in text.splitlines()


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1B"), (1500, "1.5kB"), (2_500_000_000, "2.5GB"), (5e13, "5e+04GB"), (0, ""), ("x", "")],
)
def test_sizes_are_told_in_units(number, text):
    assert image_stream_text.size(number) == text

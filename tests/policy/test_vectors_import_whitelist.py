"""The recorded cases of allowedRegistriesForImport. What we answer otherwise is in `DIFFERENT`."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_list
from wharfinger.policy.import_list import ImportList, InvalidImportList, Transport

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "import_whitelist.json").read_text())
CASES = {case["id"]: case for case in DOCUMENT["cases"]}

DIFFERENT = {
    "d-config-8": "ports may be globs, as in later versions: the check of 3.x knew only numbers",
}


def reference(check):
    if "hostname" in check:
        return ImageReference(registry=check["hostname"])
    if "reference" in check:
        return ImageReference(**check["reference"])
    return ImageReference.parse(check["pullSpec"])


def listed(given):
    found = import_list.read(given["whitelist"]).beside(given.get("internalRegistry", ""))
    for one in given.get("additions", ()):
        if one["op"] == "allowRegistry":
            found = found.with_line(one["pattern"], Transport(one["transport"]))
        else:
            found = found.with_repositories([ImageReference.parse(one["pullSpec"])])
    return found


def causes(errors):
    return [(one.reason.removeprefix("FieldValue"), one.field, one.message) for one in errors]


def test_the_table_of_differences_names_recorded_cases():
    assert set(DIFFERENT) <= set(CASES)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case["id"])
def test_registries_are_allowed_as_recorded(case):
    given, expected = case["input"], case["expect"]
    match given.get("op"):
        case None:
            refusal = listed(given).allowed(
                reference(given["check"]), Transport(given["transport"])
            )
            assert (refusal is None) == expected["allowed"]
            assert refusal is None or refusal.text == expected["error"]
        case "canonicalRepository":
            parsed = ImageReference.parse(given["pullSpec"])
            assert import_list.canonical_repository(parsed) == expected["repository"]
        case "validateMasterConfigEntry":
            found = import_list.line_faults(given["domainName"])
            details = [error["detail"] for error in expected["errors"]]
            assert (found == details) == (case["id"] not in DIFFERENT)
        case "imageStreamImportAllowed":
            assert causes(asked(given)) == [
                (one["type"], one["field"], f"Forbidden: {one['detail']}")
                for one in expected["errors"]
            ]
        case _:
            pytest.fail("an operation that nobody runs")


def asked(given):
    """Who may create images in the whole cluster is not asked: their list is None."""
    image = {
        "from": {"kind": "DockerImage", "name": given["from"]},
        "importPolicy": {"insecure": given["insecure"]},
    }
    allowed = None if given["requesterMayCreateImages"] else import_list.read(given["whitelist"])
    return image_sources.stream_import({"spec": {"images": [image]}}, allowed)


def test_a_line_that_3_x_refuses_and_we_take_matches_what_it_says():
    assert import_list.line_faults("*:*") == []
    assert isinstance(import_list.read([{"domainName": "*:5???"}]), ImportList)
    with pytest.raises(InvalidImportList):
        import_list.read([{"domainName": "hub.corp.test:port"}])

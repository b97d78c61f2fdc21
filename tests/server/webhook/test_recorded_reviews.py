"""What API servers of Kubernetes 1.20 to 1.36 send, and what they are to be told."""

import json
from pathlib import Path

import pytest

REVIEWS = Path(__file__).parent / "reviews"
CASES = [
    pytest.param(case, path, id=f"{file.stem}/{case['id']}/{path}")
    for file in sorted(REVIEWS.glob("*.json"))
    for case in json.loads(file.read_text())
    for path in ("validate", "mutate")
]


@pytest.mark.parametrize(("case", "path"), CASES)
async def test_a_review_is_answered_as_expected(webhook, case, path):
    webhook.policy((REVIEWS / "policy.yaml").read_text())

    answer = (await webhook.post(f"/{path}?timeout=10s", case["review"])).json()
    response, expected = answer["response"], case["expected"]

    assert answer["kind"] == "AdmissionReview"
    assert answer["apiVersion"] == case["review"]["apiVersion"]
    assert response["uid"] == case["review"]["request"]["uid"]
    assert response["allowed"] == expected["allowed"]
    if not expected["allowed"]:
        status = response["status"]
        assert (status["code"], status["reason"]) == (expected["code"], expected["reason"])
        assert [cause["field"] for cause in status["details"]["causes"]] == expected["fields"]
        assert "this image is prohibited by policy" in status["message"]
        assert response["warnings"]

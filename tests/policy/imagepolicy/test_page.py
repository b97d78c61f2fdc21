"""The reference page has every field, value and dialect, and its example is a policy."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from image_world import World
from made_reviews import pod, question
from wharfinger.policy.imagepolicy import config, decision, document, reading
from wharfinger.policy.imagepolicy.config import Dialect
from wharfinger.policy.imagepolicy.resolution import VALUES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "image-policy.md").read_text()
EXAMPLE = YAML(typ="safe").load(PAGE.split("```yaml\n")[1].split("```")[0])


def test_every_field_has_its_line():
    top = {*config.OWN_FIELDS} - {"apiVersion", "kind"}
    rules = [f"executionRules[].{key}" for key in reading.EXECUTION_RULE]

    assert [
        key
        for key in [*top, *rules]
        if not re.search(rf"^\| .*`{re.escape(key)}[.`]", PAGE, re.MULTILINE)
    ] == []
    assert [one for one in (*VALUES, *Dialect) if f"| `{one}` |" not in PAGE] == []


async def test_the_example_does_what_the_page_says():
    policy = config.read(document.extract(EXAMPLE))

    async def told(image):
        outcome = await decision.decide(
            question(pod(image)), policy, World(), registry="inside:5000"
        )
        return outcome.verdicts[0]

    assert (await told("quay.io/team/app:1")).allowed
    assert (await told("inside:5000/demo/app:1")).allowed
    refused = await told("docker.example/x")
    assert not refused.allowed
    assert refused.remedy in " ".join(PAGE.split())

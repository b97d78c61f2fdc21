"""What images, signatures and mappings may be, besides the recorded cases."""

from wharfinger.cluster.kinds.openshift import image_rules

IMAGE = {"metadata": {"name": "sha256:" + "ab" * 32}, "dockerImageReference": "hub.test/a/b"}
SIGNATURE = {"metadata": {"name": "image@one"}, "type": "atomic", "content": "eA=="}


def told(errors):
    return [(error.field, error.message) for error in errors]


def test_an_image_is_judged_with_its_signatures_and_children():
    obj = {
        **IMAGE,
        "dockerImageReference": "A",
        "signatures": [SIGNATURE, {"metadata": {"name": "image@two"}, "type": "atomic"}],
        "dockerImageManifests": [
            {"digest": "x", "mediaType": "a/b", "architecture": "a", "os": "b"}
        ],
    }
    assert [error.field for error in image_rules.image(obj)] == [
        "dockerImageReference",
        "signatures[1].content",
        "dockerImageManifests[0].digest",
    ]


def test_a_mapping_names_a_tag_and_an_image():
    obj = {"metadata": {"name": "app"}, "tag": "1", "image": IMAGE}

    assert image_rules.mapping(obj) == []
    assert [error.field for error in image_rules.mapping({})] == [
        "name",
        "dockerImageRepository",
        "tag",
        "image.metadata.name",
        "image.dockerImageReference",
    ]
    placed = {**obj, "image": {**IMAGE, "metadata": {"name": "a/b", "namespace": "team"}}}
    assert told(image_rules.mapping(placed)) == [
        ("image.metadata.name", "Invalid value: \"a/b\": may not contain '/'"),
        ("image.metadata.namespace", "Forbidden: not allowed on this type"),
    ]


def test_what_is_said_of_a_signer_needs_both_conditions_and_the_last_word_counts():
    claims = {**SIGNATURE, "imageIdentity": "hub.test/a"}
    trusted = {"type": "Trusted", "status": "True", "lastProbeTime": "2026-01-02T00:00:00Z"}
    doubtful = {"type": "Trusted", "status": "Unknown", "lastProbeTime": "2026-01-01T00:00:00Z"}
    fitting = {"type": "ForImage", "status": "True"}

    assert image_rules.signature({**claims, "conditions": [doubtful, trusted, fitting]}) == []
    assert told(image_rules.signature({**claims, "conditions": [doubtful, fitting]})) == [
        ("imageIdentity", 'Invalid value: "hub.test/a": must be unset for unknown signature state')
    ]
    (error,) = image_rules.signature({**claims, "conditions": [trusted]})
    assert error.message.endswith('missing "ForImage" condition type')
    (error,) = image_rules.signature({**SIGNATURE, "conditions": [fitting]})
    assert error.message.endswith('missing "Trusted" condition type')

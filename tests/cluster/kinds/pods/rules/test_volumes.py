"""A volume has one name and one source, which has what it needs."""

import pytest

from wharfinger.cluster.kinds.pods.rules import volumes

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
MODE = "must be a number between 0 and 0777 (octal), both inclusive"


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"emptyDir": {}},
        {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        {"secret": {"secretName": "s", "items": [{"key": "a", "path": "b/c", "mode": 0}]}},
        {"configMap": {"name": "c"}},
        {"hostPath": {"path": "/x", "type": "Directory"}},
        {"nfs": {"server": "s", "path": "/x"}},
        {"persistentVolumeClaim": {"claimName": "c"}},
        {"csi": {"driver": "d"}},
        {"image": {"reference": "a"}},
        {"ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}},
        {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"iscsi": {"targetPortal": "a", "iqn": "b", "lun": 0}},
        {"gcePersistentDisk": {"pdName": "d"}},
    ],
)
def test_a_good_volume_passes(judge, source):
    assert judge(volumes=[{"name": "v", **source}]) == []


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            {"emptyDir": {}, "hostPath": {"path": "/x"}},
            "emptyDir: Forbidden: may not specify more than 1 volume type",
        ),
        (
            {"emptyDir": {"sizeLimit": "-1"}},
            "emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
        ),
        ({"secret": {}}, "secret.secretName: Required value"),
        (
            {"secret": {"secretName": "s", "defaultMode": 512}},
            f"secret.defaultMode: Invalid value: 512: {MODE}",
        ),
        ({"configMap": {}}, "configMap.name: Required value"),
        (
            {"configMap": {"name": "c", "items": [{"path": "a"}]}},
            "configMap.items[0].key: Required value",
        ),
        (
            {"configMap": {"name": "c", "items": [{"key": "a", "path": "/a"}]}},
            'configMap.items[0].path: Invalid value: "/a": must be a relative path',
        ),
        (
            {"configMap": {"name": "c", "items": [{"key": "a", "path": "..a"}]}},
            "configMap.items[0].path: Invalid value: \"..a\": must not start with '..'",
        ),
        (
            {"configMap": {"name": "c", "items": [{"key": "a", "path": "../a"}]}},
            "configMap.items[0].path: Invalid value: \"../a\": must not contain '..'",
        ),
        ({"hostPath": {}}, "hostPath.path: Required value"),
        (
            {"hostPath": {"path": "/a/../b"}},
            "hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        ),
        (
            {"nfs": {"server": "s", "path": "x"}},
            'nfs.path: Invalid value: "x": must be an absolute path',
        ),
        ({"persistentVolumeClaim": {}}, "persistentVolumeClaim.claimName: Required value"),
        ({"csi": {}}, "csi.driver: Required value"),
        (
            {"csi": {"driver": "d", "nodePublishSecretRef": {}}},
            "csi.nodePublishSecretRef.name: Required value",
        ),
        (
            {"image": {"pullPolicy": "Now"}},
            (
                'image.pullPolicy: Unsupported value: "Now": supported values: '
                '"Always", "IfNotPresent", "Never"'
            ),
        ),
        ({"ephemeral": {}}, "ephemeral.volumeClaimTemplate: Required value"),
        (
            {"downwardAPI": {"items": [{"path": "l"}]}},
            "downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
        ),
        (
            {
                "downwardAPI": {
                    "items": [{"path": "l", "resourceFieldRef": {"resource": "limits.cpu"}}]
                }
            },
            "downwardAPI.resourceFieldRef.containerName: Required value",
        ),
        (
            {"projected": {"sources": [{}]}},
            "projected.sources[0]: Required value: must specify a volume type",
        ),
        (
            {"projected": {"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]}},
            (
                "projected.sources[0].configMap: Forbidden: "
                "may not specify more than 1 volume type per source"
            ),
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 1}}]}},
            "projected.sources[0].serviceAccountToken.path: Required value",
        ),
        (
            {"projected": {"sources": [{"clusterTrustBundle": {"path": "p"}}]}},
            (
                "projected.sources[0].clusterTrustBundle: Required value: "
                "either name or signerName must be specified"
            ),
        ),
        ({"gcePersistentDisk": {}}, "gcePersistentDisk.pdName: Required value"),
    ],
)
def test_a_volume_is_refused(judge, source, error):
    assert f"volumes[0].{error}" in judge(volumes=[{"name": "v", **source}])


def test_tokens_live_neither_too_short_nor_too_long(judge):
    def token(seconds):
        return judge(
            volumes=[
                {
                    "name": "v",
                    "projected": {
                        "sources": [
                            {"serviceAccountToken": {"path": "t", "expirationSeconds": seconds}}
                        ]
                    },
                }
            ]
        )

    assert token(600) == token(1 << 32) == []
    assert "less than 10 minutes" in token(599)[0]
    assert "larger than 2^32 seconds" in token((1 << 32) + 1)[0]


def test_names_of_volumes_are_unique_labels(judge):
    found = judge(volumes=[{"name": "v"}, {"name": "v"}, {}])

    assert found == [
        "volumes[2].name: Required value",
        'volumes[1].name: Duplicate value: "v"',
    ]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"accessModes": []}, "accessModes: Required value: at least 1 access mode is required"),
        ({"resources": {}}, "resources[storage]: Required value"),
        (
            {"resources": {"requests": {"storage": "0"}}},
            'resources[storage]: Invalid value: "0": must be greater than zero',
        ),
        (
            {"volumeMode": "Tape"},
            'volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
        ),
        (
            {"accessModes": ["Some"]},
            (
                'accessModes: Unsupported value: "Some": supported values: '
                '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
            ),
        ),
    ],
)
def test_a_claim_says_how_large_and_for_whom(changed, error):
    found = list(volumes.claim_spec(CLAIM | changed, "spec"))

    assert [f"{one.field}: {one.message}" for one in found] == [f"spec.{error}"]

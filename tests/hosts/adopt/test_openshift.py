import pytest

from wharfinger.hosts.adopt import adopted, openshift

MASTER = b"""\
admissionConfig:
  pluginConfig:
    BuildDefaults:
      configuration: {apiVersion: v1}
    openshift.io/ImagePolicy:
      configuration:
        apiVersion: v1
        kind: ImagePolicyConfig
        executionRules:
        - name: execution-denied
          onResources: [{resource: pods}]
          reject: true
          matchImageAnnotations: [{key: images.openshift.io/deny-execution, value: "true"}]
apiLevels: [v1]
imagePolicyConfig:
  disableScheduledImport: true
  allowedRegistriesForImport:
  - domainName: '*.redhat.com'
    insecure: false
"""
IMAGE = b"""\
apiVersion: config.openshift.io/v1
kind: Image
metadata: {name: cluster}
spec:
  allowedRegistriesForImport: [{domainName: quay.io, insecure: false}]
  additionalTrustedCA: {name: registry-cas}
  externalRegistryHostnames: [registry.apps.example.test]
  registrySources:
    containerRuntimeSearchRegistries: [registry.example.test]
    allowedRegistries:
    - quay.io
    - 'image-registry.openshift-image-registry.svc:5000'
    - '*.example.test'
    insecureRegistries: ['10.0.0.0:5000', '*.insecure.test']
    imagePullPolicy: x
"""


def made(sources):
    found = adopted.joined(list(sources))
    return found, list(map(str, found.notes))


def test_the_policy_of_a_master_is_kept_as_it_is():
    site, notes = made(openshift.master_config(MASTER, "master-config.yaml"))

    assert site.document["imports"] == {
        "disableScheduledImport": True,
        "allowedRegistriesForImport": [{"domainName": "*.redhat.com", "insecure": False}],
    }
    assert site.document["imagePolicy"]["executionRules"][0]["reject"] is True
    assert notes == []


def test_a_master_without_policy_is_a_note():
    _, notes = made(openshift.master_config(b"apiLevels: [v1]\n", "m.yaml"))

    assert notes[0].startswith("m.yaml: there is neither")


def test_the_image_config_of_version_4_becomes_lists():
    site, notes = made(openshift.image_config(IMAGE, "image.yaml"))

    assert site.document == {
        "registries": {
            "search": ["registry.example.test"],
            "allow": [
                "quay.io",
                "image-registry.openshift-image-registry.svc:5000",
                "*.example.test",
            ],
            "insecure": ["10.0.0.0:5000"],
        },
        "imports": {"allowedRegistriesForImport": [{"domainName": "quay.io", "insecure": False}]},
    }
    lines = [note.partition(": ")[0] for note in notes]
    assert lines == ["image.yaml:6", "image.yaml:7", "image.yaml:15", "image.yaml:14"]
    assert "ConfigMap registry-cas" in notes[0]
    assert "*.insecure.test" in notes[3]


def test_the_authorities_of_its_config_map_may_be_given(ca):
    pem = "".join(f"    {line}\n" for line in ca.decode().splitlines())
    config_map = f"kind: ConfigMap\ndata:\n  registry.example.test..5000: |\n{pem}  bad name: x\n"
    site, notes = made(openshift.image_config(IMAGE, "image.yaml", config_map.encode()))

    assert site.files == {"certs/registry.example.test:5000.crt": ca}
    assert not [note for note in notes if "ConfigMap" in note]
    assert [note for note in notes if "bad name" in note]


@pytest.mark.parametrize("text", [b"kind: Image\n", b"[]", b"spec:\n", b"spec: 5"])
def test_an_object_without_spec_is_a_note(text):
    _, notes = made(openshift.image_config(text, "image.yaml"))

    assert notes == ["image.yaml: it has no spec"]


@pytest.mark.parametrize(
    "sources", ["5", "{allowedRegistries: {a: b}}", "{allowedRegistries: [[1]]}"]
)
def test_sources_of_the_wrong_type_are_a_note(sources):
    _, notes = made(openshift.image_config(f"spec: {{registrySources: {sources}}}".encode(), "i"))

    assert len(notes) == 1
    assert notes[0].startswith("i:1: left out: ")


def test_sources_that_say_different_policies_are_told():
    other = MASTER.replace(b"true", b"false")
    site, notes = made(
        [*openshift.master_config(MASTER, "a.yaml"), *openshift.master_config(other, "b.yaml")]
    )

    assert site.document["imports"]["disableScheduledImport"] is True
    assert notes == [
        "b.yaml: its imagePolicy is left out: another source has said something else before",
        "b.yaml: its imports is left out: another source has said something else before",
    ]

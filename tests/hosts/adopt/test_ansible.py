import pytest

from wharfinger.errors import BadInput
from wharfinger.hosts.adopt import ansible

INI = """\
# Create an OSEv3 group that contains the masters and nodes groups
[OSEv3:children]
masters
nodes

[OSEv3:vars]
ansible_ssh_user=root
openshift_deployment_type=openshift-enterprise
openshift_docker_additional_registries=registry.example.test,registry.access.redhat.com
openshift_docker_insecure_registries = ['172.30.0.0/16', "localhost:5000"]   # the cluster's own
openshift_docker_blocked_registries="registry.hacker.test,docker.io"
openshift_docker_options="--log-driver json-file --insecure-registry 10.2.0.0/16"
openshift_master_image_policy_config={"maxImagesBulkImportedPerRepository": 3, "allowedRegistriesForImport": [{"domainName": "quay.io"}]}
openshift_master_admission_plugin_config={"openshift.io/ImagePolicy":{"configuration":{"apiVersion":"v1","kind":"ImagePolicyConfig","resolveImages":"AttemptRewrite"}},"BuildDefaults":{"configuration":{}}}

[masters]
master.example.test openshift_schedulable=False

[nodes]
node[1:3].example.test openshift_docker_log_driver=journald
"""
YAML = """\
all:
  children:
    OSEv3:
      vars:
        openshift_docker_additional_registries: [registry.example.test, registry.access.redhat.com]
        openshift_docker_insecure_registries: '["172.30.0.0/16", "localhost:5000"]'
        openshift_docker_blocked_registries: registry.hacker.test,docker.io
        openshift_docker_options: --insecure-registry 10.2.0.0/16
        openshift_master_image_policy_config:
          maxImagesBulkImportedPerRepository: 3
          allowedRegistriesForImport: [{domainName: quay.io}]
        openshift_master_admission_plugin_config:
          openshift.io/ImagePolicy:
            configuration: {apiVersion: v1, kind: ImagePolicyConfig, resolveImages: AttemptRewrite}
          BuildDefaults: {configuration: {}}
      children:
        nodes:
          hosts:
            node1.example.test:
            node2.example.test: {openshift_docker_log_driver: journald}
"""
DOCUMENT = {
    "registries": {
        "search": ["registry.example.test", "registry.access.redhat.com"],
        "block": ["registry.hacker.test", "docker.io"],
        "insecure": ["172.30.0.0/16", "localhost:5000", "10.2.0.0/16"],
    },
    "imagePolicy": {
        "apiVersion": "v1",
        "kind": "ImagePolicyConfig",
        "resolveImages": "AttemptRewrite",
    },
    "imports": {
        "maxImagesBulkImportedPerRepository": 3,
        "allowedRegistriesForImport": [{"domainName": "quay.io"}],
    },
}


def adopt(text: str, **more: str):
    files = {"inventory": text, **{name.replace("__", "/"): one for name, one in more.items()}}
    made = ansible.adopt({name: one.encode() for name, one in files.items()})
    return made.document, list(map(str, made.notes))


@pytest.mark.parametrize(("text", "line"), [(INI, 14), (YAML, 12)], ids=["ini", "yaml"])
def test_the_installers_variables_become_a_site(text, line):
    document, notes = adopt(text)

    assert document == DOCUMENT
    assert notes == [f"inventory:{line}: left out: the admission plugin BuildDefaults"]


@pytest.mark.parametrize(
    "value",
    [
        "a.test,b.test",
        " a.test , b.test ",
        "['a.test', 'b.test']",
        '["a.test", "b.test"]',
        '"a.test,b.test"',
        '\'["a.test", "b.test"]\'',
        "a.test,b.test # and no more",
    ],
)
def test_a_list_may_be_spelled_in_each_way_that_the_installer_takes(value):
    document, notes = adopt(f"[OSEv3:vars]\nopenshift_docker_insecure_registries={value}\n")

    assert document == {"registries": {"insecure": ["a.test", "b.test"]}}
    assert notes == []


def test_variables_of_hosts_and_groups_stand_beside_the_inventory_too():
    document, notes = adopt(
        "[nodes]\nn1\n",
        group_vars__all__main="---\n# nothing\n",
        group_vars__OSEv3="openshift_docker_insecure_registries: [a.test]\n",
        host_vars__n1="openshift_docker_insecure_registries: [a.test]\n",
    )

    assert (document, notes) == ({"registries": {"insecure": ["a.test"]}}, [])


def test_a_group_or_host_that_differs_is_a_note():
    document, notes = adopt(
        "[nodes]\nn1 openshift_docker_insecure_registries=b.test\n"
        "[OSEv3:vars]\nopenshift_docker_insecure_registries=a.test\n"
    )

    assert document == {"registries": {"insecure": ["a.test"]}}
    (told,) = notes
    assert told.startswith("inventory:2: left out: n1 has another")
    assert "than OSEv3 (inventory:4)" in told


def test_a_file_of_variables_is_one_for_all_hosts():
    document, _ = adopt('{"openshift_docker_blocked_registries": "all"}')

    assert document == {"registries": {"allow": [], "block": ["all"]}}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("openshift_docker_insecure_registries={{ lookup('env', 'X') }}", "a template or a vault"),
        ("openshift_docker_insecure_registries=[1]", "no text"),
        ("openshift_docker_insecure_registries={'a': 'b'}", "is no list"),
        ("openshift_docker_insecure_registries=http://a.test/v2", "it has a path"),
        ("openshift_docker_insecure_registries=0.0.0.0/0", "nobody in 0.0.0.0/0"),
        (
            "openshift_docker_hosted_registry_insecure=True",
            "openshift_docker_hosted_registry_insecure",
        ),
        ("openshift_master_image_policy_config=yes", "no mapping"),
        ("openshift_master_admission_plugin_config=[]", "no mapping"),
        ("openshift_master_image_policy_config={'a': {1, 2}}", "no mapping"),
        ("openshift_master_image_policy_config={'a': b'x'}", "no mapping"),
        ('openshift_master_image_policy_config={"a": NaN}', "no mapping"),
        ('openshift_master_image_policy_config={"a": 1e999}', "no mapping"),
        (
            'openshift_master_admission_plugin_config={"openshift.io/ImagePolicy": {"location": "/p"}}',
            "in the file /p",
        ),
        (
            'openshift_master_image_policy_config={"additionalTrustedCA": "/etc/ca.crt"}',
            "bring /etc/ca.crt",
        ),
    ],
)
def test_what_a_site_cannot_say_of_an_inventory_is_a_note(line, why):
    _, notes = adopt(f"[OSEv3:vars]\n{line}\n")

    (told,) = notes
    assert told.startswith("inventory:2: ")
    assert why in told


def test_a_vault_stays_closed():
    text = "all:\n  vars:\n    openshift_docker_insecure_registries: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n"
    document, notes = adopt(text)

    assert document == {"registries": {}}
    assert "a template or a vault" in notes[0]
    assert "6162" not in str(notes)


@pytest.mark.parametrize(
    "text",
    ["[OSEv3:vars]\nno variable\n", "[OSEv3\n", "[nodes]\nn1 a='b\n", "all:\n  vars: *x\n", "a\0b"],
)
def test_an_inventory_that_cannot_be_read_is_refused(text):
    with pytest.raises(BadInput):
        adopt(text)

"""Clients find out what there is, in the old form and in the new one."""

import pytest

from wharfinger.cluster import discovery
from wharfinger.cluster.kinds import SERVED

V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
V2BETA1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"


def names(group, version="v1"):
    document = discovery.resources(SERVED, group, version)
    return [entry["name"] for entry in document["resources"]]


def test_the_version_counts_as_the_kubernetes_we_speak():
    version = discovery.version()

    assert (version["major"], version["minor"]) == ("1", "35")
    assert version["gitVersion"].startswith("v1.35.0+wharfinger.")


def test_the_core_group_says_where_it_is():
    document = discovery.core_versions("dock.test:5000")

    assert document["versions"] == ["v1"]
    assert document["serverAddressByClientCIDRs"][0]["serverAddress"] == "dock.test:5000"


def test_groups_are_listed_without_the_core_group_and_those_of_openshift_last():
    names = [group["name"] for group in discovery.groups(SERVED)["groups"]]

    assert "" not in names
    assert names.index("rbac.authorization.k8s.io") < names.index("authorization.openshift.io")
    assert names == sorted(names, key=lambda name: (name.endswith(".openshift.io"), name))


def test_a_group_names_its_versions():
    document = discovery.group(SERVED, "project.openshift.io")

    assert document["kind"] == "APIGroup"
    assert document["preferredVersion"]["groupVersion"] == "project.openshift.io/v1"
    assert discovery.group(SERVED, "nowhere") is None
    assert discovery.group(SERVED, "") is None


def test_resources_are_listed_with_what_lies_below_them():
    found = names("")

    assert found[:7] == [
        "bindings",
        "configmaps",
        "events",
        "limitranges",
        "namespaces",
        "namespaces/finalize",
        "namespaces/status",
    ]
    assert found[-3:] == ["serviceaccounts", "serviceaccounts/token", "services"]


def test_a_subresource_says_which_kind_it_takes():
    entries = {entry["name"]: entry for entry in discovery.resources(SERVED, "", "v1")["resources"]}

    assert entries["serviceaccounts/token"] == {
        "name": "serviceaccounts/token",
        "singularName": "",
        "namespaced": True,
        "kind": "TokenRequest",
        "group": "authentication.k8s.io",
        "version": "v1",
        "verbs": ["create"],
    }
    assert entries["serviceaccounts"]["shortNames"] == ["sa"]


def test_a_kind_is_told_with_the_names_that_people_use_for_it():
    (told,) = discovery.resources(SERVED, "apiextensions.k8s.io", "v1")["resources"]

    assert told == {
        "name": "customresourcedefinitions",
        "singularName": "customresourcedefinition",
        "namespaced": False,
        "kind": "CustomResourceDefinition",
        "verbs": ["get", "list"],
        "shortNames": ["crd", "crds"],
        "categories": ["api-extensions"],
    }


def test_what_can_only_be_sent_to_a_subresource_is_no_resource():
    assert names("authentication.k8s.io") == ["selfsubjectreviews", "tokenreviews"]


@pytest.mark.parametrize(("group", "version"), [("", "v2"), ("nowhere", "v1"), ("", "")])
def test_there_are_no_resources_where_nothing_is_served(group, version):
    assert discovery.resources(SERVED, group, version) is None


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        (f"{V2},{V2BETA1},application/json", "v2"),
        (f"{V2BETA1},application/json", "v2beta1"),
        (V2.replace(";", "; "), "v2"),
        ("application/json;as=APIGroupDiscoveryList;v=v3;g=apidiscovery.k8s.io", None),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", None),
        ("application/json", None),
        ("*/*", None),
        ("", None),
    ],
)
def test_a_client_gets_the_aggregated_form_it_asks_for(accept, version):
    assert discovery.aggregated_version(accept) == version


def test_the_aggregated_form_is_named_as_the_client_named_it():
    assert discovery.aggregated_type("v2") == V2


def test_both_forms_tell_the_same():
    for core in (True, False):
        document = discovery.aggregated(SERVED, "v2", core=core)
        assert document["apiVersion"] == "apidiscovery.k8s.io/v2"
        for item in document["items"]:
            for version in item["versions"]:
                told = [
                    name
                    for resource in version["resources"]
                    for name in (
                        resource["resource"],
                        *(
                            f"{resource['resource']}/{below['subresource']}"
                            for below in resource["subresources"]
                        ),
                    )
                ]
                assert told == names(item["metadata"]["name"], version["version"])


def test_no_resource_and_no_kind_is_declared_twice():
    assert len({(kind.group, kind.version, kind.plural) for kind in SERVED}) == len(SERVED)
    assert len({(kind.group, kind.version, kind.kind) for kind in SERVED}) == len(SERVED)

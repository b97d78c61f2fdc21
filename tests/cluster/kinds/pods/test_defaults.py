"""What a pod is that does not say otherwise."""

import copy

import pytest

from wharfinger.cluster.kinds.pods import POD, default_pod_spec
from wharfinger.cluster.kinds.pods.defaults import pull_policy


def container(**fields):
    return {"name": "a", "image": "a:1", **fields}


def completed(*containers, **spec):
    spec = {"containers": list(containers or [container()]), **spec}
    default_pod_spec(spec)
    return spec


def pod(*containers, **spec):
    made = {"metadata": {"name": "x"}, "spec": {"containers": list(containers), **spec}}
    POD.default(made)
    return made


def test_a_spec_is_completed():
    assert completed() == {
        "containers": [
            {
                "name": "a",
                "image": "a:1",
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_what_is_said_stays():
    said = {
        "dnsPolicy": "Default",
        "restartPolicy": "Never",
        "schedulerName": "mine",
        "securityContext": {"runAsUser": 0},
        "terminationGracePeriodSeconds": 0,
    }
    spec = completed(container(imagePullPolicy="Never", terminationMessagePath="/x"), **said)

    assert {name: spec[name] for name in said} == said
    assert spec["containers"][0]["imagePullPolicy"] == "Never"
    assert spec["containers"][0]["terminationMessagePath"] == "/x"


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("a", "Always"),
        ("a:latest", "Always"),
        ("a:1", "IfNotPresent"),
        ("host:5000/a", "Always"),
        ("host:5000/a:1", "IfNotPresent"),
        ("a@sha256:00", "IfNotPresent"),
        ("a:latest@sha256:00", "Always"),
        ("", "Always"),
    ],
)
def test_an_image_that_moves_is_pulled_always(image, policy):
    assert pull_policy(image) == policy


def test_containers_of_all_kinds_are_completed():
    spec = completed(initContainers=[container()], ephemeralContainers=[container()])

    for name in ("initContainers", "ephemeralContainers"):
        assert spec[name][0]["terminationMessagePolicy"] == "File"


def test_what_a_client_sends_for_nothing_is_dropped():
    spec = completed(
        container(stdin=False, tty=False, workingDir=""),
        hostNetwork=False,
        hostPID=False,
        hostname="",
        nodeName="",
        serviceAccountName="",
    )

    assert spec == completed()


def test_old_and_new_name_of_the_account_say_the_same():
    for spec in (completed(serviceAccount="a"), completed(serviceAccountName="a")):
        assert spec["serviceAccount"] == spec["serviceAccountName"] == "a"
    changed = completed(serviceAccount="old", serviceAccountName="new")
    assert changed["serviceAccount"] == "new"


def test_probes_ports_and_references_are_completed():
    found = completed(
        container(
            ports=[{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
            livenessProbe={"httpGet": {"port": 80}, "periodSeconds": 3},
            readinessProbe={"grpc": {"port": 80}},
            lifecycle={"preStop": {"httpGet": {"port": "web"}}},
            env=[
                {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            ],
        )
    )["containers"][0]

    assert [port["protocol"] for port in found["ports"]] == ["TCP", "UDP"]
    assert found["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 3,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert found["readinessProbe"]["grpc"] == {"port": 80, "service": ""}
    assert found["lifecycle"]["preStop"]["httpGet"]["scheme"] == "HTTP"
    assert found["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert found["env"][1]["valueFrom"]["resourceFieldRef"]["divisor"] == "0"


@pytest.mark.parametrize(
    ("source", "complete"),
    [
        ({}, {"emptyDir": {}}),
        ({"emptyDir": {}}, {"emptyDir": {}}),
        ({"secret": {}}, {"secret": {"defaultMode": 420}}),
        ({"secret": {"defaultMode": 0}}, {"secret": {"defaultMode": 0}}),
        ({"configMap": {}}, {"configMap": {"defaultMode": 420}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        (
            {"downwardAPI": {"items": [{"fieldRef": {}}]}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1"}}], "defaultMode": 420}},
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {}}, {"secret": {}}]}},
            {
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3600}},
                        {"secret": {}},
                    ],
                    "defaultMode": 420,
                }
            },
        ),
        (
            {"image": {"reference": "a"}},
            {"image": {"reference": "a", "pullPolicy": "Always"}},
        ),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": "Filesystem"}}}},
        ),
        ({"nfs": {"server": "s"}}, {"nfs": {"server": "s"}}),
    ],
)
def test_volumes_are_completed(source, complete):
    assert completed(volumes=[{"name": "v", **source}])["volumes"] == [{"name": "v", **complete}]


def test_a_pod_begins_as_pending_with_its_class_of_service():
    made = pod(container())

    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert made["spec"]["enableServiceLinks"] is True


def test_a_pod_needs_what_it_may_use_at_most_but_a_template_does_not_say_so():
    limited = container(
        resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "0"}}
    )

    made = pod(copy.deepcopy(limited))

    requests = made["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"cpu": "0", "memory": "1Gi"}
    assert completed(limited)["containers"][0]["resources"] == limited["resources"]


def test_ports_of_a_pod_in_the_network_of_the_host_are_those_of_the_host():
    made = pod(container(ports=[{"containerPort": 80}, {"name": "none"}]), hostNetwork=True)

    ports = made["spec"]["containers"][0]["ports"]
    assert ports[0]["hostPort"] == 80
    assert "hostPort" not in ports[1]


def test_one_address_and_many_say_the_same():
    one = {"spec": {}, "status": {"podIP": "10.0.0.1"}}
    many = {"spec": {}, "status": {"podIPs": [{"ip": "10.0.0.1"}]}}
    for made in (one, many):
        POD.default(made)

    assert one["status"] == many["status"]

import json

import pytest

SYSCONFIG = "/etc/sysconfig/docker"
DAEMON = "/etc/docker/daemon.json"


def registries(made):
    return made.document["registries"]


def test_variables_of_sysconfig_become_lists(adopt):
    made, notes = adopt(
        {
            SYSCONFIG: "OPTIONS='--selinux-enabled --insecure-registry=10.1.0.0/16'\n"
            "ADD_REGISTRY='--add-registry a.test --add-registry b.test:5000'\n"
            "BLOCK_REGISTRY='--block-registry evil.test'\n"
            "INSECURE_REGISTRY='--insecure-registry localhost:5000'\n"
        }
    )

    assert registries(made) == {
        "search": ["a.test", "b.test:5000", "docker.io"],
        "block": ["evil.test"],
        "insecure": ["10.1.0.0/16", "localhost:5000"],
    }
    assert notes == []


@pytest.mark.parametrize("blocked", ["all", "public", "docker.io"])
def test_docker_hub_is_searched_last_unless_it_is_blocked(adopt, blocked):
    made, _ = adopt(
        {
            SYSCONFIG: f"ADD_REGISTRY='--add-registry a.test'\nBLOCK_REGISTRY='--block-registry {blocked}'\n"
        }
    )

    assert registries(made)["search"] == ["a.test"]
    assert registries(made)["block"] == ["all" if blocked == "all" else "docker.io"]
    assert registries(made).get("allow") == (["a.test"] if blocked == "all" else None)


def test_keys_of_daemon_json_become_lists_and_mirrors(adopt):
    document = {
        "insecure-registries": ["http://a.test:5000", "10.0.0.0/8"],
        "registry-mirrors": ["https://m.test", "http://n.test:3128/", "https://n.test:3128"],
        "storage-driver": "overlay2",
    }
    made, notes = adopt({DAEMON: json.dumps(document)})

    assert registries(made) == {
        "insecure": ["a.test:5000", "10.0.0.0/8"],
        "mirrors": {"docker.io": ["m.test", {"location": "n.test:3128", "insecure": True}]},
    }
    assert notes == []


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n"insecure-registries": ["0.0.0.0/0"]}', 2, "nobody in 0.0.0.0/0"),
        ('{\n"insecure-registries": [\n5]}', 3, "no text"),
        ('{\n"insecure-registries": "a.test"}', 2, "is no list"),
        ('{\n"registry-mirrors": ["https://[bad"]}', 2, "no address"),
        ('{\n"registry-mirrors": ["ftp://m.test"]}', 2, "no address of the web"),
        ('{\n"registry-mirrors": ["https://u:p@m.test"]}', 2, "a login in its address"),
        ('{\n"allow-nondistributable-artifacts": ["a.test"]}', 2, "foreign layers"),
        ('{\n"authorization-plugins": ["opa", "wharfinger"]}', 2, "plugin 'opa'"),
        ("{\n", 2, "cannot"),
    ],
)
def test_what_a_site_cannot_say_of_docker_is_a_note_with_its_line(adopt, text, line, why):
    _, notes = adopt({DAEMON: text})

    (told,) = notes
    assert told.startswith(f"{DAEMON}:{line}: ")
    assert why in told


def test_networks_that_mean_everyone_together_are_left_out(adopt):
    made, notes = adopt({DAEMON: '{"insecure-registries": ["12.0.0.0/8", "13.0.0.0/8", "a.test"]}'})

    assert registries(made) == {"insecure": ["a.test"]}
    assert "12.0.0.0/7" in notes[0]


def test_flags_of_the_running_daemon_count_too(adopt):
    made, notes = adopt({}, arguments=("/usr/bin/dockerd", "--insecure-registry", "a.test"))

    assert registries(made) == {"insecure": ["a.test"]}
    assert notes == []


def test_daemon_json_is_read_where_the_daemon_reads_it(adopt):
    made, _ = adopt(
        {"/srv/docker.json": '{"insecure-registries": ["a.test"]}', DAEMON: "{}"},
        arguments=("dockerd", "--config-file=/srv/docker.json"),
    )

    assert registries(made) == {"insecure": ["a.test"]}


def test_sources_that_disagree_are_joined_and_told(adopt):
    made, notes = adopt(
        {
            SYSCONFIG: "INSECURE_REGISTRY='--insecure-registry a.test'\n",
            DAEMON: '{"insecure-registries": ["b.test"]}',
        }
    )

    assert registries(made) == {"insecure": ["a.test", "b.test"]}
    (told,) = notes
    assert told.startswith(f"{DAEMON}: does not say the same of registries.insecure as {SYSCONFIG}")
    assert "(b.test, and there a.test): the site file has all of them" in told


def test_a_password_in_a_mirror_is_not_shown(adopt):
    made, notes = adopt({DAEMON: '{"registry-mirrors": ["https://user:hunter2@m.test"]}'})

    assert "hunter2" not in f"{made}{notes}"


@pytest.mark.parametrize("text", ["[]", "5", '"x"'])
def test_a_daemon_json_that_is_no_object_is_a_note(adopt, text):
    assert adopt({DAEMON: text})[1] == [f"{DAEMON}: cannot read it: it is no object"]


def test_options_of_debian_and_drop_ins_of_systemd_count_too(adopt):
    made, notes = adopt(
        {
            "/etc/default/docker": '#DOCKER_OPTS="--dns 8.8.8.8"\nDOCKER_OPTS="--insecure-registry a.test"\n',
            "/etc/systemd/system/docker.service.d/site.conf": "[Service]\nExecStart=\n"
            "ExecStart=/usr/bin/dockerd --insecure-registry=a.test \\\n --registry-mirror https://m.test\n"
            "Environment=A=b \\\n --insecure-registry=c.test\n",
        }
    )

    assert registries(made) == {"insecure": ["a.test"], "mirrors": {"docker.io": ["m.test"]}}
    assert notes == []

import pytest

DOCKER = "/etc/docker/certs.d"
CONTAINERD = "/etc/containerd/certs.d"


def test_directories_of_a_tree_are_registries(adopt, ca, other_ca):
    made, notes = adopt(
        {
            f"{DOCKER}/a.test:5000/ca.crt": ca,
            f"{DOCKER}/a.test:5000/new.crt": other_ca,
            "/etc/containers/certs.d/[fd00::1]:5000/ca.crt": ca,
            f"{CONTAINERD}/b.test_5000_/ca.crt": ca,
            f"{DOCKER}/registry-1.docker.io/ca.crt": ca,
        }
    )

    assert made.document["trust"]["registries"] == {
        "[fd00::1]:5000": {"ca": "certs/[fd00::1]:5000.crt"},
        "a.test:5000": {"ca": "certs/a.test:5000.crt"},
        "b.test:5000": {"ca": "certs/b.test:5000.crt"},
        "docker.io": {"ca": "certs/docker.io.crt"},
    }
    assert made.files["certs/a.test:5000.crt"] == ca + other_ca
    assert notes == []


def test_a_client_certificate_comes_without_its_key_and_says_where_that_is(adopt, ca):
    made, notes = adopt({f"{DOCKER}/a.test/c.cert": ca, f"{DOCKER}/a.test/c.key": "secret"})

    assert made.files == {"certs/a.test.cert": ca}
    (told,) = notes
    assert told.startswith(f"{DOCKER}/a.test/c.cert: its private key was not read")
    assert f"copy {DOCKER}/a.test/c.key to certs/a.test.key" in told


def test_a_client_certificate_that_two_runtimes_have_is_told_once(adopt, ca, other_ca):
    same = {
        f"{root}/a.test/c.{end}": ca
        for root in (DOCKER, "/etc/containers/certs.d")
        for end in ("cert", "key")
    }
    assert len(adopt(same)[1]) == 1

    _, notes = adopt({**same, "/etc/containers/certs.d/a.test/c.cert": other_ca})
    assert "another client certificate" in notes[1]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.test/ca.cert", "a CA ends in .crt"),
        ("a.test/ca.pem", "no runtime reads a file of this name"),
        ("..a/ca.crt", "left out of trust.registries"),
        ("a b/ca.crt", "left out of trust.registries"),
        ("a.test/bad.crt", "left out of trust"),
    ],
)
def test_what_no_runtime_trusts_is_a_note(adopt, ca, name, why):
    made, notes = adopt({f"{DOCKER}/{name}": b"nothing" if "bad" in name else ca})

    (told,) = notes
    assert told.startswith(f"{DOCKER}/{name}: ")
    assert why in told
    assert made.files == {}


def test_links_are_followed_within_what_was_read(adopt, ca):
    made, notes = adopt(
        {f"{DOCKER}/a.test/real.crt": ca},
        links={
            f"{DOCKER}/b.test/ca.crt": "../a.test/real.crt",
            f"{DOCKER}/c.test/ca.crt": "/etc/rhsm/ca/redhat-uep.pem",
            f"{DOCKER}/d.test/ca.crt": "ca.crt",
        },
    )

    assert list(made.document["trust"]["registries"]) == ["a.test", "b.test"]
    assert "link to /etc/rhsm/ca/redhat-uep.pem, which was not read" in notes[0]
    assert notes[1].startswith(f"{DOCKER}/d.test/ca.crt: ")


def test_runtimes_that_trust_differently_are_told(adopt, ca, other_ca):
    made, notes = adopt(
        {f"{DOCKER}/a.test/ca.crt": ca, "/etc/containers/certs.d/a.test/ca.crt": other_ca}
    )

    assert made.files["certs/a.test.crt"] == ca + other_ca
    assert "does not say the same of trust.registries of a.test as /etc/docker/certs.d" in notes[0]


def test_anchors_of_both_families_are_those_of_the_system(adopt, ca, other_ca):
    made, notes = adopt(
        {
            "/etc/pki/ca-trust/source/anchors/site.pem": ca,
            "/usr/local/share/ca-certificates/site/more.crt": other_ca,
            "/usr/local/share/ca-certificates/site.pem": ca,
        }
    )

    assert made.document["trust"] == {"system": "certs/system.crt"}
    assert made.files == {"certs/system.crt": ca + other_ca}
    assert "takes .crt only" in notes[0]


HOSTS = """\
server = "https://a.test:5000"
ca = "/etc/site/a.crt"
[host."https://mirror.test/v2/hub"]
  capabilities = ["pull", "resolve"]
  override_path = true
  ca = ["mirror.crt"]
[host."http://plain.test:3128"]
  capabilities = ["pull"]
"""


def test_hosts_toml_is_registry_mirrors_and_trust(adopt, ca, other_ca):
    made, notes = adopt(
        {
            f"{CONTAINERD}/a.test:5000/hosts.toml": HOSTS,
            f"{CONTAINERD}/a.test:5000/mirror.crt": ca,
            "/etc/site/a.crt": other_ca,
        }
    )

    assert made.document["registries"] == {
        "mirrors": {
            "a.test:5000": ["mirror.test/hub", {"location": "plain.test:3128", "insecure": True}]
        }
    }
    assert made.files == {"certs/a.test:5000.crt": other_ca, "certs/mirror.test.crt": ca}
    assert notes == []


@pytest.mark.parametrize(
    "text",
    [
        'server = "http://a.test"\n',
        "skip_verify = true\n",
        '[host."http://a.test"]\n',
        '[host."https://a.test"]\nskip_verify = true\n',
    ],
)
def test_a_registry_without_tls_or_checks_is_insecure(adopt, text):
    made, notes = adopt({f"{CONTAINERD}/a.test/hosts.toml": text})

    assert made.document == {"registries": {"insecure": ["a.test"]}}
    assert notes == []


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('server = "https://b.test"\n', 1, "a.test is taken from https://b.test instead"),
        ('\nca = "gone.crt"\n', 2, "there is no such file"),
        ('[host."https://m.test/hub"]\n', 1, "the path /hub"),
        ('[host."https://m.test"]\ncapabilities = ["push"]\n', 2, "not for pulls"),
        ('[host."https://m.test".header]\nx = "y"\n', 1, "the key 'header'"),
        ("server = \n", 1, "Invalid value"),
        ("server = 5\n", 1, "server is neither text"),
        ("ca = 5\n", 1, "ca is neither text"),
        ("client = 5\n", 1, "client is neither"),
        ('client = [["a"]]\n', 1, "client is neither"),
        ("client = [[1, 2]]\n", 1, "client is neither"),
        ("capabilities = 5\n", 1, "capabilities is neither text"),
        ("host = 5\n", 1, "a host that is no table"),
        ("[[host]]\nx = 1\n", 1, "a host that is no table"),
        ('[host."http://[bad"]\n', 1, "an address that cannot be read"),
    ],
)
def test_what_a_site_cannot_say_of_containerd_is_a_note(adopt, text, line, why):
    _, notes = adopt({f"{CONTAINERD}/a.test/hosts.toml": text})

    (told,) = notes
    assert told.startswith(f"{CONTAINERD}/a.test/hosts.toml:{line}: ")
    assert why in told


def test_defaults_for_all_registries_are_a_note(adopt):
    _, notes = adopt({f"{CONTAINERD}/_default/hosts.toml": 'server = "https://m.test"\n'})

    assert "registries without a directory" in notes[0]


def test_the_older_tables_of_containerd_are_carried_over(adopt, ca):
    plugin = 'plugins."io.containerd.grpc.v1.cri".registry'
    made, notes = adopt(
        {
            "/etc/containerd/config.toml": f"""\
version = 2
[{plugin}.mirrors."docker.io"]
  endpoint = ["https://mirror.test", "https://registry-1.docker.io"]
[{plugin}.mirrors."a.test:5000"]
  endpoint = ["http://a.test:5000"]
[{plugin}.mirrors."*"]
  endpoint = ["https://x.test"]
[{plugin}.configs."b.test".tls]
  ca_file = "/etc/site/b.crt"
  insecure_skip_verify = true
[{plugin}.configs."b.test".auth]
  username = "u"
""",
            "/etc/site/b.crt": ca,
        }
    )

    assert made.document["registries"] == {
        "insecure": ["a.test:5000", "b.test"],
        "mirrors": {"docker.io": ["mirror.test"]},
    }
    assert made.files == {"certs/b.test.crt": ca}
    assert ["every registry" in notes[0], "the login for b.test" in notes[1]] == [True, True]


def test_a_password_in_an_address_is_not_shown(adopt):
    made, notes = adopt({f"{CONTAINERD}/a.test/hosts.toml": '[host."https://u:hunter2@m.test"]\n'})

    assert "a login" in notes[0]
    assert "hunter2" not in f"{made}{notes}"


@pytest.mark.parametrize(
    "text",
    [
        "mirrors = 5",
        "configs = 5",
        "mirrors.x = 5",
        "mirrors.x.endpoint = 5",
        "mirrors.x.endpoint = [5]",
        "configs.x = 5",
        "configs.x.tls = 5",
        "configs.x.tls = {ca_file = 5, cert_file = 5, key_file = 5}",
    ],
)
def test_older_tables_of_the_wrong_types_carry_nothing_over(adopt, text):
    config = f'[plugins."io.containerd.grpc.v1.cri".registry]\n{text}\n'
    made, _ = adopt({"/etc/containerd/config.toml": config})

    assert made.document == {"registries": {}}


def test_a_mirror_that_one_runtime_takes_as_insecure_is_told(adopt):
    made, notes = adopt(
        {
            "/etc/docker/daemon.json": '{"registry-mirrors": ["https://m.test"]}',
            f"{CONTAINERD}/docker.io/hosts.toml": '[host."https://m.test"]\nskip_verify = true\n',
        }
    )

    assert made.document["registries"]["mirrors"] == {
        "docker.io": [{"location": "m.test", "insecure": True}]
    }
    assert "(m.test (insecure), and there m.test)" in notes[0]

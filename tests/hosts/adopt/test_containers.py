import pytest

CONF = "/etc/containers/registries.conf"
POLICY = "/etc/containers/policy.json"

YAML = """\
registries:
  - registry.access.redhat.com
  - registry.example.test:5000
insecure_registries:
  - 172.30.0.0/16
block_registries:
  - all
"""
V1 = """\
[registries.search]
registries = ['registry.access.redhat.com', 'registry.example.test:5000']
[registries.insecure]
registries = ['172.30.0.0/16']
[registries.block]
registries = ['all']
"""
OLDER = {
    "search": ["registry.access.redhat.com", "registry.example.test:5000"],
    "allow": ["registry.access.redhat.com", "registry.example.test:5000"],
    "block": ["all"],
    "insecure": ["172.30.0.0/16"],
}


@pytest.mark.parametrize("text", [YAML, V1], ids=["yaml", "v1"])
def test_in_the_older_syntaxes_all_leaves_the_searched_registries_open(adopt, text):
    made, notes = adopt({CONF: text})

    assert made.document == {"registries": OLDER}
    assert notes == []


def test_a_list_that_is_empty_stays_so_and_one_that_is_not_there_is_not_said(adopt):
    made, _ = adopt({CONF: "registries: []\nblock_registries: [docker.io]\n"})

    assert made.document == {"registries": {"search": [], "block": ["docker.io"]}}


V2 = """\
unqualified-search-registries = ["quay.io", "index.docker.io"]
short-name-mode = "permissive"
[[registry]]
location = "localhost:5000"
insecure = true
[[registry]]
prefix = "*.evil.test"
blocked = true
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "mirror.test/hub"
[[registry.mirror]]
location = "cache.test:5000"
insecure = true
"""


def test_version_2_becomes_lists_and_mirrors(adopt):
    made, notes = adopt({CONF: V2})

    assert notes == []
    assert made.document["registries"] == {
        "search": ["quay.io", "docker.io"],
        "block": ["*.evil.test"],
        "insecure": ["localhost:5000"],
        "mirrors": {
            "docker.io": ["mirror.test/hub", {"location": "cache.test:5000", "insecure": True}]
        },
        "shortNames": "permissive",
    }


def test_drop_ins_count_as_the_tools_count_them(adopt):
    drop_in = 'unqualified-search-registries = ["a.test"]\n'
    made, _ = adopt({CONF: V2, "/etc/containers/registries.conf.d/50-a.conf": drop_in})

    assert made.document["registries"]["search"] == ["a.test"]


BY_DIGEST = """\
[[registry]]
location = "a.test"
mirror-by-digest-only = true
[[registry.mirror]]
location = "b.test"
"""


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[[registry]]\nlocation = "a.test/x"\ninsecure = true\n', 1, "it has a path"),
        ('[[registry]]\nprefix = "*.a.test"\ninsecure = true\n', 1, "registries.insecure"),
        ('[[registry]]\nlocation = "a.test/x:1"\nblocked = true\n', 1, "registries.block"),
        ('[[registry]]\nprefix = "a.test"\nlocation = "b.test"\n', 1, "taken from b.test instead"),
        ('[aliases]\n"x" = "a.test/x"\n"y" = "a.test/y"\n', 2, "2 aliases"),
        ('credential-helpers = ["x"]\nsomething = 1\n', 2, "'something' is unknown"),
        ('short-name-mode = "loud"\n', 1, "'loud' is no mode"),
        ('unqualified-search-registries = ["a.test/x"]\n', 1, "it has a path"),
        (BY_DIGEST, 4, "digest-only"),
        ("registries: [a\n", 1, "cannot"),
        ('[registries.search]\nregistries = ["a"]\n[[registry]]\n', 3, ""),
    ],
)
def test_what_a_site_cannot_say_is_a_note_with_its_line(adopt, text, line, why):
    _, notes = adopt({CONF: text})

    (told,) = [note for note in notes if why in note]
    assert told.startswith(f"{CONF}:{line}: ")


def test_an_allow_list_is_what_a_policy_accepts_where_it_rejects_the_rest(adopt):
    made, notes = adopt(
        {
            POLICY: '{"default": [{"type": "reject"}], "transports": {"docker": {'
            '"quay.io": [{"type": "insecureAcceptAnything"}],\n'
            '"a.test/signed": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}],'
            '"quay.io/evil": [{"type": "reject"}]}, "atomic": {"": [{"type": "reject"}]}}}'
        }
    )

    lists = made.document["registries"]
    assert lists == {"allow": ["quay.io", "a.test/signed"], "block": ["quay.io/evil"]}
    assert [note for note in notes if "has to be signed (signedBy)" in note]
    assert [note for note in notes if "'atomic' is not about registries" in note]


def test_a_policy_that_accepts_anything_says_nothing(adopt):
    made, notes = adopt({POLICY: '{"default": [{"type": "insecureAcceptAnything"}]}'})

    assert (made.document, notes) == ({"registries": {}}, [])


def test_a_scope_with_a_tag_is_a_note(adopt):
    _, notes = adopt(
        {
            POLICY: '{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {\n'
            '"quay.io/a:1": [{"type": "reject"}]}}}'
        }
    )

    assert notes[0].startswith(f"{POLICY}:2: left out of registries.block")


def test_what_either_file_blocks_is_blocked_and_no_disagreement(adopt):
    made, notes = adopt(
        {
            CONF: '[[registry]]\nlocation = "a.test"\nblocked = true\n',
            POLICY: '{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {'
            '"b.test": [{"type": "reject"}]}}}',
        }
    )

    assert made.document["registries"] == {"block": ["a.test", "b.test"]}
    assert notes == []


def test_the_lists_of_an_earlier_apply_count(adopt):
    made, notes = adopt(
        {
            CONF: '[[registry]]\nlocation = "a.test"\nblocked = true\n',
            POLICY: '{"default": [{"type": "reject"}]}',
            "/etc/wharfinger/access.json": '{"allow": ["quay.io"], "block": ["all", "quay.io/x"]}',
        }
    )

    assert made.document["registries"] == {"allow": ["quay.io"], "block": ["all", "quay.io/x"]}
    assert notes == []


@pytest.mark.parametrize("text", ["[]", "{", '{"allow": 1, "block": []}', '{"allow": null}'])
def test_lists_of_an_earlier_apply_that_are_damaged_are_a_note(adopt, text):
    _, notes = adopt({"/etc/wharfinger/access.json": text})

    assert notes[0].startswith("/etc/wharfinger/access.json: left out")

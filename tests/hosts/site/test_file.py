import ipaddress

import pytest

from wharfinger.hosts.site import file
from wharfinger.hosts.site.faults import InvalidSite
from wharfinger.hosts.site.model import Insecure, Mirror, Registries, ShortNames, Site, Trust
from wharfinger.hosts.site.storage import Driver, Storage
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern

host = RegistryHost.parse
pattern = RegistryPattern.parse

SITE = b"""\
registries:
  search: [registry.example.test, docker.io]
  allow:
    - registry.example.test
    - docker.io/library
    - '*.svc.example.test'
  block: [all, docker.io/library/evil]
  insecure: ['localhost:5000', 10.0.0.0/8, 'fd00::/8', '[::1]:5000']
  mirrors:
    docker.io:
      - mirror.example.test/hub
      - {location: 'cache.example.test:5000', insecure: true}
  shortNames: enforcing
storage: {driver: overlay2}
imports: {allowedRegistriesForImport: [{domainName: quay.io}]}
"""


def parse(text: str, **given) -> Site:
    return file.parse(text.encode(), **given)


def faults(text: str, **given) -> tuple[str, ...]:
    with pytest.raises(InvalidSite) as caught:
        parse(text, **given)
    return caught.value.details


def test_a_site_file_becomes_values():
    site = file.parse(SITE)

    assert site.registries == Registries(
        search=(host("registry.example.test"), host("docker.io")),
        allow=(
            pattern("registry.example.test"),
            pattern("docker.io/library"),
            pattern("*.svc.example.test"),
        ),
        block=(pattern("docker.io/library/evil"),),
        block_all=True,
        insecure=Insecure(
            (host("localhost:5000"), host("[::1]:5000")),
            (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")),
        ),
        mirrors={
            pattern("docker.io"): (
                Mirror(pattern("mirror.example.test/hub")),
                Mirror(pattern("cache.example.test:5000"), insecure=True),
            )
        },
        short_names=ShortNames.ENFORCING,
    )
    assert site.trust == Trust()
    assert site.storage == Storage(driver=Driver.OVERLAY2)
    assert site.later == {
        "imports": {"allowedRegistriesForImport": [{"domainName": "quay.io"}]},
    }


def test_what_is_not_said_is_not_governed_and_what_is_empty_is():
    assert parse("registries: {}") == Site()
    lists = parse("registries: {search: [], allow: [], block: [], insecure: [], mirrors: {}}")

    assert lists.registries == Registries((), (), (), insecure=Insecure(), mirrors={})
    assert parse("trust: {registries: {}, system: []}").trust == Trust({}, ())


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("[]", "", "a list: it has to be a mapping"),
        ("registries:", "registries", "take the key away to say nothing"),
        ("registries: {search: }", "registries.search", "write [] for none"),
        ("registries: {search: quay.io}", "registries.search", "write ['quay.io']"),
        ("registries: {search: [5000]}", "registries.search[0]", "put it in quotes"),
        ("registries: {search: [quay.io, QUAY.io]}", "registries.search[1]", "it is there twice"),
        ("registries: {search: ['https://quay.io']}", "registries.search[0]", "it has a scheme"),
        ("registries: {search: ['user@quay.io']}", "registries.search[0]", "a host name has"),
        ("registries: {search: [quay.io/team]}", "registries.search[0]", "it has a path"),
        ("registries: {search: [hafen-käse.test]}", "registries.search[0]", "a host name has"),
        ("registries: {search: ['quay.io:0']}", "registries.search[0]", "from 1 to 65535"),
        ("registries: {allow: [../../etc]}", "registries.allow[0]", "a host name has"),
        ("registries: {allow: [quay.io/..]}", "registries.allow[0]", "the path"),
        ("registries: {allow: [all]}", "registries.allow[0]", "only registries.block knows"),
        (r"registries: {allow: ['\*.docker.io']}", "registries.allow[0]", "write '*.docker.io'"),
        ("registries: {block: ['*']}", "registries.block[0]", "a host name has"),
        ("registries: {blok: []}", "registries", "is 'block' meant?"),
        ("registries: {Search: []}", "registries", "is 'search' meant?"),
        ("registries: {zzzzzz: []}", "registries", "known here: search, allow"),
        ("registries: {mirrors: [a]}", "registries.mirrors", "it has to be a mapping"),
        ("registries: {mirrors: {'*.a.test': []}}", "registries.mirrors", "not of a domain"),
        ("registries: {mirrors: {a.test: ['*.b.test']}}", '."a.test"[0]', "not of a domain"),
        ("registries: {mirrors: {a.test: [{}]}}", '."a.test"[0]', "'location': it is missing"),
        ("registries: {mirrors: {a.test: [{location: b, insecure: yes}]}}", "", "true or false"),
        ("registries: {mirrors: {a.test: [], A.test: []}}", "", "another spelling of it"),
        ("registries: {shortNames: maybe}", "registries.shortNames", "enforcing or permissive"),
        ("trust: {registries: {a.test: {}}}", 'registries."a.test"', "it says nothing"),
        ("trust: {registries: {../x: {ca: []}}}", "trust.registries", "it has a path"),
        ("trust: {registries: {a.test: {ca: gone.crt}}}", ".ca", "no such file"),
        ("trust: {system: 5}", "trust.system", "it has to be"),
        ("storage: []", "storage", "it has to be a mapping"),
        ("registry: {}", "", "is 'registries' meant?"),
    ],
)
def test_what_a_site_cannot_say_is_a_fault_at_its_place(text, place, why):
    (told,) = faults(text)

    assert told.startswith("site.yaml:1: ")
    assert place in told
    assert why in told


@pytest.mark.parametrize(
    "networks",
    [
        ["0.0.0.0/0"],
        ["::/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["0.0.0.0/8", "1.0.0.0/8"],
        ["64.0.0.0/2"],
        ["2000::/3"],
        ["2000::/16", "2001::/16"],
        ["fc00::/6"],
    ],
)
def test_networks_that_mean_everyone_are_never_insecure(networks):
    quoted = ", ".join(f"'{network}'" for network in networks)

    told = faults(f"registries: {{insecure: [{quoted}]}}")

    assert all("as good as nobody" in text for text in told)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "fc00::/7", "fd12::/16", "192.168.0.0/16"])
def test_private_networks_may_be_insecure(network):
    site = parse(f"registries: {{insecure: ['{network}']}}")

    assert site.registries.insecure == Insecure(networks=(ipaddress.ip_network(network),))


@pytest.mark.parametrize("network", ["10.1.2.3/8", "10.0.0.0/33", "10.0.0/8", "fe80::1/10"])
def test_a_network_is_an_address_and_the_length_of_its_prefix(network):
    (told,) = faults(f"registries: {{insecure: ['{network}']}}")

    assert f"cannot read network '{network}'" in told


def test_all_faults_are_told_in_the_order_of_the_file():
    told = faults("trust:\n  sytem: []\nregistries:\n  search: [a/b]\n  block:\nother: 1\n")

    assert [text.split(":")[1] for text in told] == ["2", "4", "5", "6"]


def test_certificates_come_from_files_bundles_and_the_text_itself(files, contents):
    pem = contents["ca.crt"].content
    inline = "".join(f"    {line}\n" for line in pem.decode().splitlines())
    site = parse(
        "trust:\n  registries:\n    a.test: {ca: [bundle.crt, other.crt, ca.der]}\n"
        f"    'b.test:5000': {{client: {{cert: client.crt, key: client.key}}}}\n  system: |\n{inline}",
        files=files,
    )

    trusted = site.trust.registries
    assert trusted[host("a.test")].authorities == (pem, contents["other.crt"].content)
    assert trusted[host("b.test:5000")].client.key == contents["client.key"].content
    assert trusted[host("b.test:5000")].client.certificate == contents["client.crt"].content
    assert site.trust.system == (pem,)


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        ("ca: both.pem", "there is a private key in it"),
        ("ca: cut.crt", "has no end"),
        ("ca: words.txt", "neither PEM"),
        ("client: {cert: client.crt}", "'key': it is missing"),
        ("client: {cert: client.crt, key: open.key}", "everybody on this machine can read it"),
        ("client: {cert: client.crt, key: locked.key}", "encrypted private key"),
        ("client: {cert: client.crt, key: words.txt}", "no whole PRIVATE KEY block"),
        ('client: {cert: client.crt, key: "-----BEGIN PRIVATE KEY-----"}', "within the site file"),
    ],
)
def test_what_is_no_certificate_or_key_is_refused(files, trust, why):
    (told,) = faults(f"trust: {{registries: {{a.test: {{{trust}}}}}}}", files=files)

    assert why in told


def test_no_message_and_no_value_shows_a_private_key(files, contents):
    key = contents["client.key"].content.decode().splitlines()[1]
    site = parse(
        "trust: {registries: {a.test: {client: {cert: client.crt, key: client.key}}}}", files=files
    )

    assert key not in repr(site)
    assert key not in str(faults("trust: {system: both.pem}", files=files))

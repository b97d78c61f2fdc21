import pytest

import made_certificates
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.core import CONFIG_MAP, NAMESPACE
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.hosts.certificates import PrivateKeyInside, UnreadableCertificate
from wharfinger.images.importing import trust
from wharfinger.images.importing.trust import Bundle, Bundles
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost

HUB, OTHER = RegistryHost("hub.test"), RegistryHost("other.test", 5000)
FIRST, SECOND, THIRD = (made_certificates.authority() for _ in range(3))


@pytest.fixture
async def objects():
    made = Objects(await Cache.open(MemoryStore()))
    for name in ("team", "other", "openshift-config"):
        await made.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)
    return made


async def config_map(objects, namespace, **data):
    keys = {key.replace("_", "."): text for key, text in data.items()}
    await objects.create(CONFIG_MAP, namespace, {"metadata": {"name": "cas"}, "data": keys}, SYSTEM)


def stream(name="cas", where="annotations"):
    return {"metadata": {"name": "app", where: {trust.NAMED_BY: name}}}


def counting(bundles, namespace, named, registry):
    return bundles.of(namespace, named).trust(registry).authorities


@pytest.mark.parametrize("where", ["annotations", "labels"])
async def test_a_stream_names_a_config_map_of_its_project(objects, where):
    await config_map(objects, "team", ca_crt=FIRST.pem.decode())
    bundles = Bundles(objects.cache, Bundle())

    assert counting(bundles, "team", stream(where=where), HUB) == (FIRST.pem,)
    assert counting(bundles, "team", {"metadata": {}}, HUB) == ()
    assert counting(bundles, "team", None, HUB) == ()


async def test_another_projects_config_map_is_not_to_be_had(objects):
    await config_map(objects, "other", ca_crt=FIRST.pem.decode())
    bundles = Bundles(objects.cache, Bundle())

    with pytest.raises(trust.BundleAbsent):
        bundles.of("team", stream())
    with pytest.raises(trust.BundleAbsent):
        bundles.of("team", stream("../other/cas"))


async def test_a_key_may_be_a_registry(objects):
    certificates = {
        "other.test..5000": SECOND.pem.decode(),
        "hub.test": THIRD.pem.decode(),
        "ca-bundle.crt": FIRST.pem.decode(),
    }
    made = Bundle.read(certificates, "here")

    assert made.trust(OTHER).authorities == (FIRST.pem, SECOND.pem)
    assert made.trust(HUB).authorities == (FIRST.pem, THIRD.pem)
    assert made.trust(RegistryHost("hub.test", 443)).authorities == (FIRST.pem, THIRD.pem)
    assert made.trust(RegistryHost("hub.test", 5000)).authorities == (FIRST.pem,)


async def test_the_sites_authorities_count_for_all_projects(objects):
    await config_map(objects, "team", ca_crt=SECOND.pem.decode())
    bundles = Bundles(objects.cache, Bundle((FIRST.pem,)))

    assert counting(bundles, "other", None, HUB) == (FIRST.pem,)
    assert counting(bundles, "team", stream(), HUB) == (FIRST.pem, SECOND.pem)


async def test_the_site_may_name_a_config_map(objects):
    bundles = Bundles(objects.cache, "cas")
    with pytest.raises(trust.BundleAbsent):
        bundles.of("team", None)

    await config_map(objects, "openshift-config", ca_crt=FIRST.pem.decode())

    assert counting(bundles, "team", None, HUB) == (FIRST.pem,)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"ca.crt": "no certificate"}, UnreadableCertificate),
        ({"ca.crt": FIRST.key_pem.decode()}, PrivateKeyInside),
        ({"no host!": FIRST.pem.decode()}, InvalidRegistry),
    ],
)
def test_what_is_no_bundle_is_told(data, error):
    with pytest.raises(error):
        Bundle.read(data, "here")

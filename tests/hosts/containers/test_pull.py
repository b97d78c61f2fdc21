from __future__ import annotations

from wharfinger.hosts.containers import policy, pull, registries
from wharfinger.hosts.containers.pull import Attempt, Files
from wharfinger.oci.reference import ImageReference

OPEN = b'{"default": [{"type": "insecureAcceptAnything"}]}'


def files(conf: str = "", decides: bytes = OPEN) -> Files:
    found = registries.of(registries.read_file(conf.encode(), registries.MAIN))
    return Files(found, policy.parse(decides))


def attempt(image: str, conf: str = "", decides: bytes = OPEN) -> Attempt:
    return pull.attempt(files(conf, decides), pull.written_out(ImageReference.parse(image)))


def names(image: str, conf: str) -> list[str]:
    return [one.full() for one in pull.names(files(conf), ImageReference.parse(image)).images]


def test_a_short_name_is_tried_in_the_order_of_the_search_list() -> None:
    conf = 'unqualified-search-registries = ["quay.io", "docker.io"]'

    assert names("app", conf) == ["quay.io/app:latest", "docker.io/library/app:latest"]
    assert names("localhost/app:v1", conf) == ["localhost/app:v1"]
    assert names("app", "") == []


def test_an_alias_goes_before_the_search_list() -> None:
    conf = 'unqualified-search-registries = ["quay.io"]\n[aliases]\n"app" = "a.test/team/app"\n'

    assert names("app:v1", conf) == ["a.test/team/app:v1"]
    assert names("app2", conf) == ["quay.io/app2:latest"]


def test_several_candidates_are_asked_about_where_short_names_are_enforced() -> None:
    conf = 'short-name-mode = "enforcing"\nunqualified-search-registries = ["a.test", "b.test"]'

    assert pull.names(files(conf), ImageReference.parse("app")).asks
    assert not pull.names(files(conf), ImageReference.parse("a.test/app")).asks


def test_a_mirror_answers_for_a_blocked_registry() -> None:
    conf = '[[registry]]\nlocation = "a.test"\nblocked = true\n'

    assert not attempt("a.test/app", conf).allowed
    assert attempt("a.test/app", conf + '[[registry.mirror]]\nlocation = "m.test"\n').allowed


def test_the_policy_decides_by_the_name_that_was_asked_for() -> None:
    conf = '[[registry]]\nprefix = "a.test"\nlocation = "b.test/x"\n'
    decides = (
        b'{"default": [{"type": "insecureAcceptAnything"}],'
        b' "transports": {"docker": {"a.test": [{"type": "reject"}]}}}'
    )

    found = attempt("a.test/app", conf, decides)

    assert [source.name for source in found.sources] == ["b.test/x/app"]
    assert not found.allowed
    assert attempt("b.test/x/app", conf, decides).allowed


def test_a_mirror_of_a_host_makes_no_names_for_its_other_ports() -> None:
    conf = '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "m.test/hub"\n'

    assert attempt("a.test/app", conf).allowed
    found = attempt("a.test:5000/app", conf)
    assert not found.allowed
    assert found.misnamed is not None
    assert found.misnamed.name == "m.test/hub:5000/app"


def test_a_digest_counts_and_not_the_tag_beside_it() -> None:
    digest = f"sha256:{'0' * 64}"

    found = pull.written_out(ImageReference.parse(f"index.docker.io/app:v1@{digest}"))

    assert found.full() == f"docker.io/library/app@{digest}"

"""From what both sides have to what both sides have: survey, plan and run, over repositories in memory."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import made_images
from made_images import Repository
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.copy import plan as planning
from wharfinger.remote.copy import referrers, run, survey
from wharfinger.remote.copy.platforms import NoSuchPlatform, Platform
from wharfinger.remote.copy.run import Kind, Moved
from wharfinger.remote.copy.survey import Choice, Extent, TooManyManifests
from wharfinger.remote.errors import ManifestAbsent, NoAnswer, NotAllowed, TooBusy

SHARED = made_images.tar(shared=b"yes")
AMD, ARM = (made_images.image(SHARED, made_images.tar(cpu=cpu)) for cpu in (b"amd", b"arm"))
INDEX = made_images.index([AMD, ARM], ["linux/amd64", "linux/arm64"])
ONE = Tag("1")
ALL = Choice()


@pytest.fixture
def source():
    made = Repository.at("quay.io/team/app")
    made.push("1", AMD, ARM, top=INDEX)
    return made


@pytest.fixture
def target():
    return Repository.at("registry.test/mirror/app")


class Run:
    """Copies, and keeps what was told; nothing waits."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.told, self.waits = [], []

    async def image(self, reference=ONE, goal=ONE, choice=ALL):
        offered = await survey.one(self.source, reference, goal, choice)
        plan = planning.plan(offered, await survey.held(self.target, offered))
        return await self.carry_out(plan)

    async def plan(self, choice=ALL, *, delete_extra=False):
        offered, held = await survey.every(self.source, self.target, choice)
        held = await survey.held(self.target, offered, held.tags)
        return planning.plan(offered, held, delete_extra=delete_extra)

    async def carry_out(self, plan):
        async def wait(seconds):
            self.waits.append(seconds)

        self.target.asked.clear()
        return await run.run(
            plan, self.source, self.target, told=self.told.append, retries=2, wait=wait
        )

    def kinds(self):
        return Counter(one.kind for one in self.told if one.kind is not Kind.BLOB)


@pytest.fixture
def copy(source, target):
    return Run(source, target)


async def test_an_index_comes_whole_and_under_its_digest(copy, source, target):
    outcome = await copy.image()

    assert (outcome.done, outcome.failures) == (("1",), ())
    assert target.tagged == {"1": INDEX.digest}
    assert target.manifests == source.manifests
    assert target.blobs == source.blobs
    assert outcome.size == sum(map(len, source.blobs.values()))
    assert copy.kinds() == {Kind.COPIED: 5, Kind.IMAGE: 1}
    assert target.asked[-1] == "put 1"


async def test_a_second_run_finds_all_there(copy, source, target):
    await copy.image()

    outcome = await copy.image()

    assert (outcome.done, target.asked) == ((), [])


async def test_what_was_left_is_gone_on_with(copy, source, target):
    done = dict(list(source.blobs.items())[:2])
    target.blobs |= done
    target.manifests[AMD.digest] = AMD.manifest

    outcome = await copy.image()

    assert target.tagged == {"1": INDEX.digest}
    puts = [one for one in target.asked if one.startswith("put sha256")]
    assert f"put {AMD.digest}" not in puts
    assert not {f"put {digest}" for digest in done} & set(puts)
    assert outcome.failures == ()


async def test_one_platform_is_copied_alone(copy, target):
    choice = Choice(Extent.SYSTEM, Platform.parse("linux/arm64"))
    await copy.image(choice=choice)

    assert target.tagged == {"1": ARM.digest}
    assert set(target.manifests) == {ARM.digest}
    assert (await copy.image(choice=choice)).done == ()
    with pytest.raises(NoSuchPlatform):
        await copy.image(choice=Choice(Extent.SYSTEM, Platform.parse("linux/s390x")))


async def test_an_index_is_copied_alone_to_where_its_images_are(copy, target):
    target.manifests |= {one.digest: one.manifest for one in (AMD, ARM)}

    outcome = await copy.image(choice=Choice(Extent.INDEX_ONLY))

    assert outcome.size == 0
    assert target.tagged == {"1": INDEX.digest}


async def test_by_its_digest_an_image_has_no_tag(copy, target):
    outcome = await copy.image(AMD.digest, AMD.digest)

    assert outcome.done == (str(AMD.digest),)
    assert set(target.manifests) == {AMD.digest}
    assert target.tagged == {}


async def test_blobs_are_taken_over_within_a_registry(copy, source, target):
    source.name = replace(target.name, name="other")
    target.neighbours[source.name.repository] = source
    away = next(iter(AMD.blobs))
    taken = source.blobs.pop(away)
    target.blobs[away] = taken

    await copy.image()

    assert copy.kinds()[Kind.MOUNTED] == 4
    assert not [one for one in source.asked if one.startswith("blob")]


async def test_a_blob_that_is_not_taken_over_is_sent(copy, source, target):
    source.name = replace(target.name, name="other")

    await copy.image()

    assert copy.kinds()[Kind.COPIED] == 5


async def test_what_may_pass_is_tried_again(copy, source, target):
    blob = next(iter(AMD.blobs))
    target.failing[f"put {blob}"] = [NoAnswer("there", "reset"), NoAnswer("there", "reset")]

    outcome = await copy.image()

    assert (outcome.failures, copy.waits) == ((), [1.0, 2.0])
    assert copy.kinds()[Kind.AGAIN] == 2
    assert target.blobs == source.blobs


async def test_a_registry_that_is_busy_says_when_to_come_again(copy, target):
    blob = next(iter(AMD.blobs))
    target.failing[f"put {blob}"] = [TooBusy("there", 7.0), TooBusy("there", 9000.0)]

    outcome = await copy.image()

    assert (outcome.failures, copy.waits) == ((), [7.0, run.LONGEST_PAUSE])


async def test_it_is_not_tried_for_ever_and_nothing_names_what_is_not_there(copy, target):
    blob = next(iter(AMD.blobs))
    target.failing[f"put {blob}"] = [NoAnswer("there", "reset") for _ in range(9)]

    outcome = await copy.image()

    ((failure),) = outcome.failures
    assert (failure.name, type(failure.error), len(copy.waits)) == ("1", NoAnswer, 2)
    assert (target.manifests, target.tagged) == ({}, {})


async def test_what_is_refused_is_not_tried_again(copy, target):
    target.failing["put "] = [NotAllowed("there", "no") for _ in range(9)]

    outcome = await copy.image()

    assert [type(one.error) for one in outcome.failures] == [NotAllowed]
    assert copy.waits == []


async def test_bytes_that_are_not_those_of_the_digest_are_not_copied(copy, source, target):
    blob = next(iter(AMD.blobs))
    source.blobs[blob] = b"forged" + source.blobs[blob][6:]

    outcome = await copy.image()

    assert [one.error.code for one in outcome.failures] == ["remote-wrong-content"]
    assert blob not in target.blobs
    assert target.tagged == {}


# Whole repositories


@pytest.fixture
def whole(copy, source, target):
    source.push("2", AMD)
    source.push("3", ARM)
    target.push("2", AMD)
    target.push("old", ARM)
    return copy


async def test_a_repository_comes_with_all_its_tags(whole, source, target):
    plan = await whole.plan()

    assert [str(one.goal) for one in plan.same] == ["2"]
    assert [str(one.wanted.goal) for one in plan.moves] == ["1", "3"]
    assert plan.blobs == ()
    outcome = await whole.carry_out(plan)
    assert sorted(outcome.done) == ["1", "3"]
    assert target.tagged == {**source.tagged, "old": ARM.digest}


async def test_a_tag_that_cannot_be_read_does_not_keep_the_others(whole, source, target):
    source.failing["head 3"] = [NotAllowed("there", "no")]

    outcome = await whole.carry_out(await whole.plan(delete_extra=True))

    assert [(one.name, type(one.error)) for one in outcome.failures] == [("3", NotAllowed)]
    assert target.tagged["1"] == INDEX.digest
    assert "old" in target.tagged, "nothing is removed where something has failed"
    assert outcome.kept


async def test_what_is_extra_is_removed_at_the_end(whole, source, target):
    plan = await whole.plan(delete_extra=True)

    assert [str(one.tag) for one in plan.extra] == ["old"]
    outcome = await whole.carry_out(plan)
    assert (outcome.deleted, outcome.kept) == (("old",), False)
    assert target.tagged == source.tagged
    assert target.asked[-1] == "delete old"


async def test_signatures_of_what_an_index_has_are_not_extra(copy, source, target):
    await copy.image()
    own, gone = f"sha256-{ARM.digest.hex}.sig", f"sha256-{Digest.of(b'gone').hex}.sig"
    for name in (own, gone):
        target.push(name, made_images.image(b"signed by the owner of the mirror"))

    plan = await copy.plan(delete_extra=True)

    assert ([one.root for one in plan.same], plan.moves) == ([INDEX.digest], ())
    assert [str(one.tag) for one in plan.extra] == [gone]


async def test_a_source_without_tags_empties_nothing(copy, source, target):
    source.tagged.clear()

    with pytest.raises(ManifestAbsent):
        await copy.plan(delete_extra=True)


async def test_a_tag_that_moves_after_the_plan_is_left(whole, source, target):
    plan = await whole.plan(delete_extra=True)
    source.tagged["1"] = AMD.digest
    target.tagged["3"] = AMD.digest

    outcome = await whole.carry_out(plan)

    assert {one.name: type(one.error) for one in outcome.failures} == {"1": Moved, "3": Moved}
    assert target.tagged == {"2": AMD.digest, "3": AMD.digest, "old": ARM.digest}


@pytest.mark.parametrize("side", ["source", "target"])
async def test_an_extra_tag_that_comes_or_moves_after_the_plan_stays(whole, source, target, side):
    plan = await whole.plan(delete_extra=True)
    {"source": source, "target": target}[side].tagged["old"] = AMD.digest

    outcome = await whole.carry_out(plan)

    assert [one.name for one in outcome.failures] == ["old"]
    assert "old" in target.tagged


async def test_a_moved_tag_of_an_index_is_noticed_for_one_platform(copy, source, target):
    choice = Choice(Extent.SYSTEM, Platform.parse("linux/amd64"))
    plan = await copy.plan(choice)
    source.push("1", ARM)

    outcome = await copy.carry_out(plan)

    assert [type(one.error) for one in outcome.failures] == [Moved]


# What is about images


def signed(source, subject, *, api=True):
    about = made_images.image(f"signature of {subject}".encode(), about=subject)
    source.has_referrers_api = api
    source.blobs |= about.blobs
    source.manifests[about.digest] = about.manifest
    if not api:
        source.push(str(referrers.tag(subject)), top=referrers.listed(None, [about.manifest]))
    return about


@pytest.mark.parametrize("api", [True, False])
async def test_what_is_about_an_image_comes_along(copy, source, target, api):
    about = signed(source, INDEX.digest, api=api)
    more = signed(source, about.digest) if api else None
    legacy = f"sha256-{AMD.digest.hex}.sig"
    source.push(legacy, made_images.image(b"cosign"))

    outcome = await copy.image(choice=Choice(referrers=True))

    assert outcome.failures == ()
    assert [one.digest for one in await target.referrers(INDEX.digest)] == [about.digest]
    assert target.tagged == {"1": INDEX.digest, legacy: source.tagged[legacy]}
    assert more is None or more.digest in target.manifests
    assert (await copy.image(choice=Choice(referrers=True))).done == ()


async def test_without_being_asked_nothing_is_looked_for(copy, source, target):
    signed(source, INDEX.digest)

    await copy.image()

    assert not [one for one in source.asked if "referrers" in one]
    assert len(target.manifests) == 3


async def test_a_registry_without_lists_of_referrers_gets_one_as_a_tag(copy, source, target):
    target.has_referrers_api = False
    first = signed(source, INDEX.digest)
    await copy.image(choice=Choice(referrers=True))
    second = made_images.image(b"another", about=INDEX.digest)
    source.blobs |= second.blobs
    source.manifests[second.digest] = second.manifest

    outcome = await copy.image(choice=Choice(referrers=True))

    assert outcome.failures == ()
    listed = {one.digest for one in await target.referrers(INDEX.digest)}
    assert listed == {first.digest, second.digest}


async def test_signatures_of_images_that_are_there_already_come_too(copy, source, target):
    await copy.image()
    about = signed(source, ARM.digest)

    await copy.carry_out(await copy.plan(Choice(referrers=True)))

    assert about.digest in target.manifests


# Whatever is there


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_afterwards_all_that_was_wanted_is_there(data):
    """From any repository to any that has a part of it already, or something else under its tags."""
    images = [made_images.image(*[bytes([layer]) * 99 for layer in layers]) for layers in _LAYERS]
    source, target = Repository.at("a.test/x/y"), Repository.at("b.test/x/y")
    for name in data.draw(st.sets(st.sampled_from("abcd"), min_size=1)):
        chosen = data.draw(st.lists(st.sampled_from(images), min_size=1, max_size=3))
        whole = data.draw(st.booleans())
        source.push(name, *chosen, top=made_images.index(chosen) if whole else None)
    for name in data.draw(st.sets(st.sampled_from("abxy"))):
        target.push(name, data.draw(st.sampled_from(images)))
    for digest in data.draw(st.sets(st.sampled_from(sorted(source.blobs)))):
        target.blobs[digest] = source.blobs[digest]

    async def mirror():
        copy = Run(source, target)
        outcome = await copy.carry_out(await copy.plan(delete_extra=True))
        return outcome, await copy.plan(delete_extra=True)

    outcome, again = asyncio.run(mirror())

    assert outcome.failures == ()
    assert target.tagged == source.tagged
    assert target.manifests.items() >= {one: source.manifests[one] for one in _used(source)}.items()
    assert not again.changes


_LAYERS = ((1, 2), (2, 3), (1,), (3, 4, 5))


def _used(repository):
    """The manifests that tags lead to."""
    pending, found = list(repository.tagged.values()), set()
    while pending:
        found.add(digest := pending.pop())
        pending += planning.Node.read(repository.manifests[digest]).children
    return found


# Limits


async def test_too_many_levels_are_refused(copy, source):
    top = INDEX
    for _ in range(survey.DEPTH):
        top = made_images.index([made_images.Image(top, {})])
        source.push("1", top=top)

    with pytest.raises(TooManyManifests):
        await copy.image()


async def test_too_many_manifests_are_refused(copy, monkeypatch):
    monkeypatch.setattr(survey, "NODES", 2)
    with pytest.raises(TooManyManifests):
        await copy.image()
    monkeypatch.setattr(survey, "NODES", 3)
    monkeypatch.setattr(survey, "BYTES", 1000)
    with pytest.raises(TooManyManifests):
        await copy.image()


async def test_what_is_named_again_and_again_is_read_once(copy, source):
    top = INDEX
    for _ in range(survey.DEPTH - 3):
        top = made_images.index([made_images.Image(top, {})] * 40)
        source.push("1", top=top)

    outcome = await copy.image()

    assert outcome.failures == ()
    gets = Counter(one for one in source.asked if one.startswith("get"))
    assert set(gets.values()) == {1}


async def test_a_run_that_is_cancelled_ends_all_that_it_has_begun(copy, source, target):
    begun = asyncio.Event()

    async def stuck(digest, size, chunks):
        begun.set()
        await asyncio.Event().wait()

    target.put_blob = stuck
    offered = await survey.one(source, ONE, ONE, ALL)
    plan = planning.plan(offered, await survey.held(target, offered))
    task = asyncio.create_task(run.run(plan, source, target))
    await begun.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_digest_in_an_error_is_short_and_absence_is_said():
    moved = Moved("there", ONE, Digest.of(b"x"), None)

    assert "absent" in moved.message
    assert Digest.of(b"x").hex not in moved.message

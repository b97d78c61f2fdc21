from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.importing.outcome import CHECKED
from wharfinger.policy import import_list
from wharfinger.remote.errors import NoAnswer

SCHEDULED = {"importPolicy": {"scheduled": True}}


def tag(name, *, source="hub.test/up/app:1", **more):
    return {"name": name, "from": {"kind": "DockerImage", "name": source}, **more}


async def made(harbour, *tags, **spec):
    await harbour.dock.make_stream("team/app", tags=list(tags), **spec)
    await harbour.background.settle()


async def changed(harbour, **spec):
    new = {**harbour.stream, "spec": {**harbour.stream["spec"], **spec}}
    await harbour.dock.objects.update(IMAGE_STREAM, "team", "app", new, SYSTEM)
    await harbour.background.settle()


async def test_a_tag_that_is_asked_for_is_imported(harbour):
    digest = harbour.upstream.push("1")

    await made(harbour, tag("1"))

    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}


async def test_what_is_settled_is_not_asked_for_again(harbour):
    harbour.upstream.push("1")
    await made(harbour, tag("1"), tag("2", source="hub.test/up/app:2"))
    asked, version = harbour.asked, harbour.stream["metadata"]["resourceVersion"]

    await harbour.background.settle()
    harbour.restart()
    await harbour.background.settle()

    assert harbour.asked == asked
    assert harbour.stream["metadata"]["resourceVersion"] == version


async def test_a_failure_is_written_once_and_tried_again_when_asked_for(harbour):
    await made(harbour, tag("1"))
    (history,) = harbour.stream["status"]["tags"]
    assert history["conditions"][0]["reason"] == "NotFound"
    digest = harbour.upstream.push("1")

    await changed(harbour, tags=[{**tag("1"), "generation": 0}])

    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}
    (history,) = harbour.stream["status"]["tags"]
    assert "conditions" not in history


async def test_a_stream_that_names_a_repository_takes_it(harbour):
    for name in ("1", "2"):
        harbour.upstream.push(name)

    await made(harbour, dockerImageRepository="hub.test/up/app")

    assert sorted(harbour.dock.tags("team/app")) == ["1", "2"]
    assert CHECKED in harbour.stream["metadata"]["annotations"]


async def test_what_the_list_does_not_allow_any_more_fails_as_a_tag(open_harbour):
    harbour = await open_harbour(allowed=import_list.read([{"domainName": "hub.test"}]))
    harbour.upstream.push("1")
    await made(harbour, tag("1", **SCHEDULED))
    asked = harbour.asked
    harbour.restart(allowed=import_list.read([{"domainName": "quay.io"}]))
    await harbour.background.settle()
    harbour.tick()
    await harbour.background.settle()

    (history,) = harbour.stream["status"]["tags"]
    assert history["conditions"][0]["reason"] == "Forbidden"
    assert harbour.asked == asked


async def test_an_insecure_tag_fails_unless_a_line_allows_it(harbour):
    harbour.upstream.push("1")

    await made(harbour, tag("1", importPolicy={"insecure": True}))

    (history,) = harbour.stream["status"]["tags"]
    assert "insecurely is forbidden" in history["conditions"][0]["message"]
    assert harbour.asked == 0


async def test_a_scheduled_tag_that_moved_is_imported(harbour):
    first = harbour.upstream.push("1", labels={"n": "1"})
    await made(harbour, tag("1", **SCHEDULED))
    second = harbour.upstream.push("1", labels={"n": "2"})
    await harbour.background.settle()
    assert harbour.dock.tags("team/app") == {"1": [str(first)]}

    harbour.tick()
    await harbour.background.settle()

    assert harbour.dock.tags("team/app") == {"1": [str(second), str(first)]}


async def test_one_that_did_not_move_costs_a_question_and_no_write(harbour):
    harbour.upstream.push("1")
    await made(harbour, tag("1", **SCHEDULED))
    harbour.sources.asked.clear()
    version = harbour.stream["metadata"]["resourceVersion"]

    for _ in range(3):
        harbour.tick()
        await harbour.background.settle()

    assert harbour.sources.asked == {"digest 1": 3}
    assert harbour.stream["metadata"]["resourceVersion"] == version


async def test_so_does_an_index_of_which_one_image_was_taken(harbour):
    upstream = harbour.upstream
    image = upstream.put_image()
    upstream.tags["1"] = upstream.put_index((image, "amd64"))
    await made(harbour, tag("1", **SCHEDULED))
    harbour.tick()
    await harbour.background.settle()  # takes the index to see that it is the same image
    harbour.sources.asked.clear()

    harbour.tick()
    await harbour.background.settle()

    assert harbour.sources.asked == {"digest 1": 1}
    assert harbour.dock.tags("team/app") == {"1": [str(image)]}


async def test_a_scheduled_tag_that_failed_is_tried_again_by_the_clock(harbour):
    harbour.upstream.fault = NoAnswer("hub.test", "no connection")
    await made(harbour, tag("1", **SCHEDULED))
    harbour.tick()
    await harbour.background.settle()
    version = harbour.stream["metadata"]["resourceVersion"]
    harbour.tick()
    await harbour.background.settle()
    assert harbour.stream["metadata"]["resourceVersion"] == version

    harbour.upstream.fault = None
    digest = harbour.upstream.push("1")
    harbour.tick()
    await harbour.background.settle()

    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}


async def test_an_image_that_is_gone_there_stays_here_and_says_why(harbour):
    digest = harbour.upstream.push("1")
    await made(harbour, tag("1", **SCHEDULED))
    harbour.upstream.tags.clear()
    harbour.tick()
    await harbour.background.settle()

    (history,) = harbour.stream["status"]["tags"]
    assert history["conditions"][0]["reason"] == "NotFound"
    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}


async def test_a_tag_that_names_a_digest_is_looked_at_until_it_is_there(harbour):
    digest = harbour.upstream.push("1")
    await made(harbour, tag("1", source=f"hub.test/up/app@{digest}", **SCHEDULED))

    assert harbour.background.scheduled == 0
    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}


async def test_streams_that_are_gone_or_not_scheduled_any_more_are_forgotten(harbour):
    harbour.upstream.push("1")
    await made(harbour, tag("1", **SCHEDULED))
    assert harbour.background.scheduled == 1

    await changed(harbour, tags=[tag("1")])
    assert harbour.background.scheduled == 0
    await changed(harbour, tags=[tag("1", **SCHEDULED)])
    assert harbour.background.scheduled == 1
    await harbour.dock.objects.delete(IMAGE_STREAM, "team", "app", SYSTEM, DeleteOptions())
    await harbour.background.settle()
    assert harbour.background.scheduled == 0


async def test_a_site_may_have_nothing_scheduled(open_harbour):
    harbour = await open_harbour(scheduled=False)
    harbour.upstream.push("1")
    await made(harbour, tag("1", **SCHEDULED))
    harbour.sources.asked.clear()
    harbour.tick(100_000)
    await harbour.background.settle()

    assert harbour.background.scheduled == 0
    assert harbour.asked == 0


async def test_it_runs_until_the_watches_end(harbour):
    harbour.upstream.push("1")
    await harbour.dock.make_stream("team/app", tags=[tag("1")])
    harbour.dock.cache.end_watches()

    await harbour.background.run()

    assert "1" in harbour.dock.tags("team/app")


async def test_many_streams_are_imported_at_a_time(harbour):
    harbour.upstream.push("1")
    names = [f"team/app-{number}" for number in range(40)]
    for name in names:
        await harbour.dock.make_stream(name, tags=[tag("1")])

    await harbour.background.settle()

    assert all(harbour.dock.tags(name) for name in names)

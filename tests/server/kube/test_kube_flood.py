"""A client that asks for everything at once is told to wait, and the next one is answered."""

from __future__ import annotations

import asyncio

from wharfinger.cluster.subject import AUTHENTICATED, MASTERS, Subject

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"


async def test_a_flood_of_lists_leaves_another_client_answered(client):
    flood = [client.begin("GET", CONFIGMAPS) for _ in range(400)]
    client.subject = Subject("bob", groups=(AUTHENTICATED,))
    task, answer, _ = client.begin("GET", CONFIGMAPS)

    await task

    assert answer.status == 200
    assert sum(one.status == 200 for _, one, _ in flood) < 10
    await asyncio.gather(*(one for one, _, _ in flood))
    refused = [one for _, one, _ in flood if one.status != 200]
    assert {one.status for one in refused} == {429}
    assert refused[0].header("retry-after") == "1"
    status = refused[0].json()
    assert status["reason"] == "TooManyRequests"
    assert status["details"]["retryAfterSeconds"] == 1


async def test_an_administrator_is_answered_whatever_they_ask(client):
    client.subject = Subject("admin", groups=(MASTERS, AUTHENTICATED))

    flood = [client.begin("GET", CONFIGMAPS) for _ in range(400)]
    await asyncio.gather(*(task for task, _, _ in flood))

    assert {answer.status for _, answer, _ in flood} == {200}


async def test_a_right_that_went_while_the_request_waited_is_missed(client, rights):
    flood = [client.begin("GET", CONFIGMAPS) for _ in range(100)]
    await flood[0][1].until_started()
    rights.only()

    await asyncio.gather(*(task for task, _, _ in flood))

    statuses = [answer.status for _, answer, _ in flood]
    assert statuses[-1] == 403

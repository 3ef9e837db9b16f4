"""The live stream on a real server: prompt, resumable, shown to whom it may be, no burden when somebody is slow."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace

import pytest

from core.errors import Unavailable
from core.ports.feed import FeedKind
from core.ports.store import Commit
from core.readings import readings
from tests.integration.api.serving import Serving, reading, serving, until
from tests.unit.api.world import World, text


async def test_a_change_reaches_the_page_at_once(world: World) -> None:
    """From the feed to the browser in less than 0.3 s, with what it is about."""
    async with serving(world) as served, served.browser("maintainer1") as client, reading(client) as stream:
        delays = []
        for n in range(1, 6):
            began_s = time.perf_counter()
            world.cases.acknowledge("alarm1", None, 0)
            await stream.has("alarm", n)
            delays.append(time.perf_counter() - began_s)
        assert sorted(delays)[2] < 0.3
        last = stream.of("alarm")[-1]
        assert last.id == 5
        assert last.data["what"] == "acknowledge"
        assert last.data["alarm"]["state"] == "acknowledged"
        assert last.data["alarm"]["facility"]["code"] == "c1-sp-01"


async def test_everybody_sees_their_own_communities_only(world: World) -> None:
    """Changes of another community are not sent; a task says whether it is the reader's own."""
    async with (
        serving(world) as served,
        served.browser("maintainer1") as worker,
        served.browser("manager1") as manager,
        served.browser("administrator0") as chief,
        reading(worker) as to_worker,
        reading(manager) as to_manager,
        reading(chief) as to_chief,
    ):
        world.cases.note(FeedKind.TASK, "2", 2, "accept", 200)
        world.cases.note(FeedKind.CASE, "2", 2, "opened")
        world.cases.note(FeedKind.TASK, "1", 1, "accept", 100)
        await to_worker.has("task")
        await to_manager.has("task")
        await to_chief.has("task", 2)
        assert [one.data["task"]["mine"] for one in to_worker.of("task", "case")] == [True]
        assert [one.data["task"]["mine"] for one in to_manager.of("task", "case")] == [False]
        assert [one.data["id"] for one in to_chief.of("task", "case")] == [2, 2, 1]


async def test_a_reader_resumes_where_it_was(world: World) -> None:
    """What happened while the browser was away comes once and in order, by header or by address."""
    async with serving(world) as served, served.browser("maintainer1") as client:
        async with reading(client) as stream:
            world.cases.note(FeedKind.CASE, "1", 1, "opened")
            (seen,) = await stream.has("case")
        world.cases.note(FeedKind.CASE, "2", 2, "opened")
        world.cases.note(FeedKind.TASK, "1", 1, "accept", 100)
        world.cases.note(FeedKind.ALARM, "alarm1", 1, "closed")
        for query, headers in (("", {"Last-Event-ID": str(seen.id)}), (f"?since={seen.id}", {})):
            async with reading(client, query, **headers) as stream:
                world.cases.note(FeedKind.CASE, "1", 1, "closed")
                await stream.has("case")
                changes = stream.of("alarm", "case", "task", "reset")
                assert [one.kind for one in changes][:2] == ["task", "alarm"]
                ids = [one.id for one in changes]
                assert ids == sorted(set(ids))  # type: ignore[type-var]
                assert stream.of("ping")[0].id is not None


@pytest.mark.parametrize(("asked", "reason"), [("999999", "unknown_id"), ("1", "too_old")])
async def test_a_reader_who_missed_too_much_loads_afresh(asked: str, reason: str, world: World) -> None:
    """An id from another database or from long ago gives a reset, then the stream goes on from now."""
    for _ in range(2_500):
        world.cases.note(FeedKind.CASE, "1", 1, "opened")
    async with serving(world) as served, served.browser("maintainer1") as client:
        async with reading(client, **{"Last-Event-ID": asked}) as stream:
            (reset,) = await stream.has("reset")
            assert reset.data == {"reason": reason}
            assert reset.id == 2_500
            world.cases.note(FeedKind.CASE, "1", 1, "closed")
            assert [one.id for one in await stream.has("case")] == [2_501]
        async with reading(client, **{"Last-Event-ID": "not a number"}) as stream:
            assert stream.of("reset", "case") == []


async def test_values_come_at_first_and_then_when_they_change(world: World) -> None:
    """All points of the facility once, afterwards only new readings; a facility out of sight is not found."""
    now_ms = world.clock.now_ms()
    world.store.commit(Commit(readings=readings(point=[101, 102, 201], time_ms=[now_ms] * 3, value=[1, 2, 3])))
    async with serving(world) as served, served.browser("maintainer1") as client:
        assert (await client.get("/api/v1/stream?facility=10&facility=20")).status_code == 404
        assert (await client.get("/api/v1/stream?" + "facility=10&" * 51)).status_code == 422
        async with reading(client, "?facility=10") as stream:
            (first,) = await stream.has("values")
            assert [one["id"] for one in first.data["points"]] == [101, 102]
            world.store.commit(Commit(readings=readings(point=[101], time_ms=[now_ms + 1], value=[float("nan")])))
            await stream.has("values", 2)
            await stream.has("ping", 3)
            (_, second) = stream.of("values")
            assert [(one["id"], one["latest"]["value"]) for one in second.data["points"]] == [(101, None)]


async def stuck_reader(served: Serving, cookie: str) -> socket.socket:
    """A client that asks for the stream and never reads it."""
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(stuck, ("127.0.0.1", served.port))
    head = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: twingrid={cookie}\r\n\r\n"
    await loop.sock_sendall(stuck, head.encode())
    return stuck


async def test_a_reader_who_never_reads_delays_nobody(world: World) -> None:
    """Others get every state at once; the stuck one is let go, and what waited for it was bounded."""
    row = world.cases.alarm_by_id["alarm1"]
    world.cases.alarm_by_id |= {f"big{n}": replace(row, alarm_id=f"big{n}", say=text("x" * 20_000)) for n in range(50)}
    async with (
        serving(world) as served,
        served.browser("maintainer1") as client,
        reading(client) as stream,
    ):
        stuck = await stuck_reader(served, client.cookies["twingrid"])
        try:
            await until(lambda: served.readers() == 2)
            rounds = 0
            while served.readers() == 2:
                rounds += 1
                assert rounds < 40
                for n in range(50):
                    world.cases.note(FeedKind.ALARM, f"big{n}", 1, "moved")
                began_s = time.perf_counter()
                await until(lambda: stream.events[-1].id == len(world.cases.lines))
                assert time.perf_counter() - began_s < 2.0
            assert served.app.state.services.metrics.value("api_stream_slow_readers") == 1
            assert served.readers() == 1
        finally:
            stuck.close()


async def test_a_stream_ends_with_its_session(world: World) -> None:
    """Within a heartbeat after the login is switched off, the stream is closed."""
    async with serving(world) as served, served.browser("maintainer1") as client, reading(client) as stream:
        login = world.registry.login_by_name["maintainer1"]
        world.registry.login_by_name["maintainer1"] = replace(login, active=False)
        await asyncio.wait_for(stream.ended.wait(), 3)
        await until(lambda: served.readers() == 0)


async def test_a_stream_follows_a_change_of_community(world: World) -> None:
    """After the next heartbeat only the new community is seen."""
    async with serving(world) as served, served.browser("maintainer1") as client, reading(client) as stream:
        login = world.registry.login_by_name["maintainer1"]
        world.registry.login_by_name["maintainer1"] = replace(login, communities=frozenset({2}))
        await stream.has("ping", 3)
        world.cases.note(FeedKind.CASE, "1", 1, "closed")
        world.cases.note(FeedKind.CASE, "2", 2, "closed")
        await stream.has("case")
        assert [one.data["id"] for one in stream.of("case")] == [2]


async def test_a_server_that_stops_lets_its_readers_go(world: World) -> None:
    """With streams open it is gone within 3 s, and nothing is left behind."""
    async with serving(world) as served, served.browser("maintainer1") as client, reading(client) as stream:
        began_s = time.perf_counter()
        served.server.should_exit = True
        await asyncio.wait_for(stream.ended.wait(), 3)
        await asyncio.wait_for(served.task, 3)
        assert time.perf_counter() - began_s < 3


async def test_an_answer_does_not_wait_for_an_acknowledgement(world: World) -> None:
    """Twenty answers one after the other: none waits the 40 ms of Nagle's algorithm."""
    async with serving(world) as served, served.browser("maintainer1") as client:
        spent_s = []
        for _ in range(20):
            began_s = time.perf_counter()
            assert (await client.get("/-/healthy")).status_code == 200
            spent_s.append(time.perf_counter() - began_s)
        assert min(spent_s) < 0.02


async def test_streams_are_bounded_per_login(world: World) -> None:
    """One login cannot take all connections; another one still gets its own."""
    world.settings = replace(world.settings, max_streams_per_login=2, max_streams=3)
    async with (
        serving(world) as served,
        served.browser("maintainer1") as client,
        served.browser("manager1") as other,
        served.browser("administrator0") as third,
        reading(client),
        reading(client),
    ):
        answer = await client.get("/api/v1/stream")
        assert (answer.status_code, answer.json()["code"]) == (429, "TG-4291")
        async with reading(other):
            assert (await third.get("/api/v1/stream")).status_code == 429
        await until(lambda: served.readers() == 2)
        async with reading(third):
            assert served.readers() == 3


async def test_a_silent_database_pauses_the_stream_and_nothing_else(world: World) -> None:
    """Readers stay connected and get what happened as soon as it answers again."""
    async with serving(world) as served, served.browser("maintainer1") as client, reading(client) as stream:
        world.cases.broken = Unavailable("gone")
        pings = len(stream.of("ping"))
        await stream.has("ping", pings + 2)
        world.cases.note(FeedKind.CASE, "1", 1, "opened")
        world.cases.broken = ZeroDivisionError("a defect")
        await until(lambda: served.app.state.services.metrics.value("api_stream_failures") >= 1)
        world.cases.broken = None
        await stream.has("case")
        assert not stream.ended.is_set()


async def test_the_feed_is_read_once_for_all_readers(world: World) -> None:
    """Thirty readers cause no more questions to dispatch than one, and none when nobody reads."""
    asked = 0
    original = world.cases.feed

    def counting(after: int, limit: int = 500, communities: frozenset[int] | None = None) -> object:
        nonlocal asked
        asked += 1
        return original(after, limit, communities)

    world.cases.feed = counting  # type: ignore[method-assign,assignment]
    async with serving(world) as served, served.browser("maintainer1") as client:
        await asyncio.sleep(0.2)
        assert asked == 0
        streams = [reading(client) for _ in range(30)]
        opened = [await stream.__aenter__() for stream in streams]
        asked, began_s = 0, time.perf_counter()
        world.cases.note(FeedKind.CASE, "1", 1, "opened")
        for stream in opened:
            await stream.has("case")
        assert asked <= (time.perf_counter() - began_s) / world.settings.stream_poll_s + 2
        for context in streams:
            await context.__aexit__(None, None, None)
        await until(lambda: served.readers() == 0)

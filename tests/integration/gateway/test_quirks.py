"""What a profile says of a product's habits holds as soon as a unit names it, on devices that really have the habit."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from core.quality import GOOD, QualityClass, Reason, quality
from gateway.config_file import parse_config
from gateway.lines import open_line
from gateway.lines.base import Answer
from gateway.plan import Request
from gateway.product import Quirk
from gateway.profile_file import load_folder, shipped
from gateway.quirks import FOR_PEOPLE
from gateway.site_session import SiteSession
from gateway.site_survey import own_profile
from gateway.site_survey.state import BusAddress, PointState, ReferenceReading
from gateway.transport import Framing, TcpTransport
from tests.integration.gateway.devices import Device, on_tcp
from tests.integration.gateway.misbehaviour import Asked, Reply, Sending, once
from tests.integration.gateway.test_plant_room import Kept, polled, until

ALWAYS = 1 << 30
HEAD = "group: g\nnode: n\nbroker: {host: localhost}\nspool: {path: s}\nprofiles: profiles\n"
PROFILE = """maker: Example
model: T1
source: a test
function: 3
bridge: 20
timeout_s: 0.3
registers:
  first: {address: 1, type: u16}
  second: {address: 3, type: u16}
  far: {address: 12, type: u16}
"""


def profiles(folder: Path, extra: str) -> None:
    (folder / "profiles").mkdir()
    (folder / "profiles" / "example-t1.yaml").write_text(PROFILE + extra)


@contextlib.asynccontextmanager
async def reading(
    folder: Path, reply: Reply, extra: str = "", interval_s: float = 0.2
) -> AsyncIterator[Callable[[str], list[tuple[float, int]]]]:
    """A device read by a bus whose unit merely names its profile; gives value and quality of a point's readings."""
    profiles(folder, extra)
    async with on_tcp(Device(Framing.TCP, ALWAYS, reply)) as transport:
        assert isinstance(transport, TcpTransport)
        points = "{first: f/first, second: f/second, far: f/far}"
        text = f"{HEAD}buses: [{{id: b, host: 127.0.0.1, port: {transport.port}, interval_s: {interval_s}, units: ["
        config = parse_config(f"{text}{{unit: 1, profile: example-t1, points: {points}}}]}}]\n", folder).buses[0]
        names = [point.metric for point in config.units[0].points]
        kept = Kept()

        def of(name: str) -> list[tuple[float, int]]:
            row = names.index(f"f/{name}")
            return [
                (float(batch.value[at]), int(batch.quality[at]))
                for batch in kept.batches
                for at in np.flatnonzero(batch.alias == row)
            ]

        async with polled(config, kept):
            yield of


@pytest.mark.parametrize("quirk", ["transaction_id_plus_one", ""])
async def test_answers_with_the_next_transaction_id_are_read_where_the_profile_says_so(
    tmp_path: Path, quirk: str
) -> None:
    """The quirk in the profile is enough; without it such an answer is never a value."""
    extra = f"quirks: [{quirk}]\n" if quirk else ""
    async with reading(tmp_path, once(lambda a: a.answer(tid=a.tid + 1)), extra) as of:
        await until(lambda: len(of("first")) >= 3)
        expected = (1001.0, GOOD) if quirk else (0.0, quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT))
        assert {code for _, code in of("first")} == {expected[1]}
        assert all(value == expected[0] for value, code in of("first") if code == GOOD)


class Sleeper:
    """Loses the first request after a pause."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s, self._heard_s, self.lost = pause_s, -1e9, 0

    def __call__(self, asked: Asked) -> Sending:
        now_s = time.monotonic()
        slept, self._heard_s = now_s - self._heard_s > self._pause_s, now_s
        self.lost += slept
        return [] if slept else [(0.0, asked.answer())]


async def test_the_first_request_after_a_pause_may_be_lost(tmp_path: Path) -> None:
    """A product that sleeps is asked once more, so that every slot has its value."""
    sleeper = Sleeper(1.0)
    async with reading(tmp_path, sleeper, "quirks: [first_request_lost]\n", interval_s=1.6) as of:
        await until(lambda: len(of("far")) >= 3)
        assert {code for _, code in of("far")} == {GOOD}
        assert sleeper.lost >= 3


def silent_above(limit: int) -> Reply:
    def reply(asked: Asked) -> Sending:
        address, count = int.from_bytes(asked.pdu[1:3], "big"), int.from_bytes(asked.pdu[3:5], "big")
        return [(0.0, asked.answer())] if address + count <= limit else []

    return reply


async def test_silence_on_an_illegal_address_costs_only_that_address(tmp_path: Path) -> None:
    """Where the profile says that the product does not answer illegal addresses, silence is a refusal, not a death."""
    async with reading(tmp_path, silent_above(10), "quirks: [silent_on_illegal]\n") as of:
        await until(lambda: (1003.0, GOOD) in of("second") and len(of("second")) >= 8, 20)
        assert of("first")[-1] == (1001.0, GOOD)
        illegal = quality(QualityClass.NOT_MEASURED, Reason.ILLEGAL_ADDRESS)
        assert of("far")[-1][1] == illegal
        assert {code for _, code in of("second")[-3:]} == {GOOD}


async def test_a_device_that_dies_is_silent_although_its_product_refuses_by_silence(tmp_path: Path) -> None:
    """When nothing else is answered either, the unit is dead and its registers are not missing."""
    alive = [True]

    def reply(asked: Asked) -> Sending:
        return silent_above(100)(asked) if alive[0] else []

    async with reading(tmp_path, reply, "quirks: [silent_on_illegal]\n") as of:
        await until(lambda: len(of("far")) >= 2)
        alive[0] = False
        dead = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
        await until(lambda: of("far")[-1][1] == dead)
        alive[0] = True
        await until(lambda: of("far")[-1] == (1012.0, GOOD), 30)
        assert {code for _, code in of("far")} <= {GOOD, dead}


async def test_the_silence_of_a_profile_is_kept_around_its_unit() -> None:
    """Before it is asked and before the next unit is, and not between others."""
    times: list[tuple[int, float]] = []

    def reply(asked: Asked) -> Sending:
        times.append((asked.unit, time.monotonic()))
        return [(0.0, asked.answer())]

    async with on_tcp(Device(Framing.RTU, ALWAYS, reply)) as transport:
        line = open_line(transport, lambda: (1, False), guards_s={2: 0.1})
        assert await line.connect()
        for unit in (1, 1, 2, 2, 1, 1):
            outcome = await line.read(unit, Request(function=3, address=0, count=1, registers=()), 1.0)
            assert isinstance(outcome, Answer)
        line.close()
    gaps = [after - before for (_, before), (_, after) in itertools.pairwise(times)]
    assert all(gap >= 0.095 for gap in gaps[1:4]), gaps


async def test_a_unit_with_other_transaction_ids_is_found_proven_and_configured(tmp_path: Path) -> None:
    """What is heard on the wire is enough: the session reads it, and the gateway that it configures does too."""
    profiles(tmp_path, "")
    known = shipped() | load_folder(tmp_path / "profiles")
    async with on_tcp(Device(Framing.TCP, ALWAYS, once(lambda a: a.answer(tid=a.tid + 1)))) as transport:
        assert isinstance(transport, TcpTransport)
        address = BusAddress(id="b", host="127.0.0.1", port=transport.port)
        session = SiteSession(tmp_path / "site", address, profiles=known)
        found = await session.find(units=[3])
        assert [(one.unit, one.transaction_ids.value) for one in found] == [(3, "next")]
        session.choose_profile(3, "example-t1")
        await session.prove(3, [ReferenceReading(register="first", shown="1001")])
        await session.close()
        again = SiteSession(tmp_path / "site", profiles=known)
        proofs = await again.prove(3, [ReferenceReading(register="second", shown="1003")])
        assert [one.verdict.value for one in proofs] == ["proven"]
        await again.close()
        config = parse_config(HEAD + again.configuration().buses, tmp_path)
        assert config.buses[0].units[0].transaction_ids.value == "next"


@pytest.mark.parametrize("framing", ["rtu", "ascii", "tcp"])
async def test_a_session_writes_what_its_line_needs(tmp_path: Path, framing: str) -> None:
    """Silence behind a transparent serial server, and the transaction ids of the product where there are some."""
    profiles(tmp_path, "quirks: [transaction_id_plus_one, needs_single_reads, first_request_lost]\nguard_s: 0.012\n")
    known = shipped() | load_folder(tmp_path / "profiles")
    address = BusAddress(id="b", host="127.0.0.1", port=5, framing=Framing(framing))
    session = SiteSession(tmp_path / "site", address, profiles=known)
    session.add(3)
    session.choose_profile(3, "example-t1")
    session.select(3, [PointState(register="first", measurement="first")])
    written = session.configuration()
    assert ("guard_ms: 20" in written.buses) == (framing != "tcp")
    assert ("transaction_ids: next" in written.buses) == (framing == "tcp")
    bus = parse_config(HEAD + written.buses, tmp_path).buses[0]
    assert bus.transport.guard_s == (0.0 if framing == "tcp" else 0.02)
    assert bus.units[0].profile.quirks == known["example-t1"].quirks


async def test_a_profile_of_the_site_keeps_the_quirks_of_its_product(tmp_path: Path) -> None:
    """A clone with swapped words is still a product that wants single reads."""
    profiles(tmp_path, "quirks: [needs_single_reads, silent_on_illegal]\n")
    profile = load_folder(tmp_path / "profiles")["example-t1"]
    (tmp_path / "profiles" / "own.yaml").write_text(own_profile.text(profile))
    assert load_folder(tmp_path / "profiles")["own"].quirks == profile.quirks


def test_every_quirk_is_either_for_people_or_acted_on() -> None:
    """A quirk that is added must be thought of: see ``gateway.quirks``."""
    acted_on = {
        Quirk.TRANSACTION_ID_PLUS_ONE,
        Quirk.NEEDS_SINGLE_READS,
        Quirk.FIRST_REQUEST_LOST,
        Quirk.SILENT_ON_ILLEGAL,
    }
    assert acted_on | FOR_PEOPLE == set(Quirk)
    assert not acted_on & FOR_PEOPLE

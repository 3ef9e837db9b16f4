"""A running gateway against its signed record: a device is swapped, refuses, changes its scale, and is signed anew."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.quality import GOOD
from gateway import service, witness
from gateway.config_file import load_config
from gateway.mqtt import BrokerAddress
from gateway.profile_file import load_folder
from gateway.site_session import SiteSession
from gateway.site_survey.record import Placement
from gateway.site_survey.state import BusAddress, PointState, ReferenceReading
from gateway.witness import CONTRADICTED
from tests.integration.gateway.conftest import NODE, running
from tests.integration.gateway.harness import ModelHost, until

WAIT_S = 60.0
PROFILE = """
maker: Example
model: T1
source: made for this test
function: 3
registers:
  frequency: {address: 0, type: f32, unit: Hz}
  level: {address: 2, type: f32, unit: m}
  serial_number: {address: 100, type: u32}
"""


@dataclass
class Meter:
    """A Modbus TCP device of one unit: frequency, level, serial number; what it says of them can be changed.

    Attributes:
        serial: who it is.
        factor: of the frequency.
        refused: addresses it does not have.
        identity_reads: how often it was asked who it is; reads: everything else.
    """

    serial: int = 4711
    factor: float = 1.0
    refused: set[int] = field(default_factory=set)
    identity_reads: int = 0
    reads: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[Meter]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield self
        finally:
            server.close()
            self.drop()
            await server.wait_closed()

    def drop(self) -> None:
        """The line is cut; the gateway comes back by itself."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                tid, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", await reader.readexactly(12))
                data = self._answer(address, count)
                body = bytes((unit, function, len(data))) + data if data else bytes((unit, function | 0x80, 2))
                writer.write(struct.pack(">HHH", tid, 0, len(body)) + body)
        self._writers.discard(writer)
        writer.close()

    def _answer(self, address: int, count: int) -> bytes:
        if any(one in self.refused for one in range(address, address + count)) or not count:
            return b""
        if address >= 100:
            self.identity_reads += 1
            words = struct.pack(">I", self.serial)
            return words[2 * (address - 100) :][: 2 * count]
        self.reads += 1
        values = (self.factor * (50 + 0.1 * random.random()), 1.5 + 0.01 * random.random())
        return struct.pack(">2f", *values)[2 * address :][: 2 * count]


class Site:
    """The technician's part: a session on the meter, its record and configuration in the gateway's folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        (folder / "profiles").mkdir()
        (folder / "profiles" / "example-t1.yaml").write_text(PROFILE, encoding="utf-8")
        address = BusAddress(id="bus-1", host="127.0.0.1", port=port, gateway=f"{NODE.group}/{NODE.node}")
        self.session = SiteSession(folder / "site", address, profiles=load_folder(folder / "profiles"))

    async def prove(self) -> None:
        """Prove both points as the display shows them."""
        one = self.session
        one.add(1)
        one.choose_profile(1, "example-t1")
        one.select(1, [PointState(register=name, measurement=name) for name in ("frequency", "level")])
        shown = {"frequency": "50", "level": "1.5"}
        found = await one.prove(1, [ReferenceReading(register=n, shown=v, tolerance=1) for n, v in shown.items()])
        assert all(proof.verdict.value == "proven" for proof in found)
        one.place(1, Placement(facility="wtl-pm-01"))
        self.sign()

    def sign(self) -> None:
        """Sign, and put the record where the gateway looks, as ``site sign --into`` does."""
        signed = self.session.sign("Li Wei")
        (self.folder / "records").mkdir(exist_ok=True)
        draft = self.folder / "records" / "draft"
        draft.write_bytes(signed.file.read_bytes())
        draft.replace(self.folder / "records" / "bus-1-as-built.json")

    def gateway_file(self, broker: BrokerAddress) -> Path:
        """What ``site config --into`` writes, with a head."""
        buses = self.session.configuration().buses.replace("interval_s: 10.0", "interval_s: 0.05")
        file = self.folder / "gw.yaml"
        head = f"group: {NODE.group}\nnode: {NODE.node}\nbroker: {{host: {broker.host}, port: {broker.port}}}\n"
        head += "spool: {path: spool}\nstatus_file: status.json\nself: {facility: gw, interval_s: 1}\n"
        head += "" if "profiles:" in buses else "profiles: profiles\n"
        file.write_text(head + buses, encoding="utf-8")
        return file

    def doubts(self) -> list[str]:
        """What the status file says."""
        try:
            status: dict[str, Any] = json.loads((self.folder / "status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ["no status yet"]
        return [one["doubt"] for unit in status["buses"][0]["units"] for one in unit["contradictions"]]


def qualities(host: ModelHost, since: int, metric: str = "wtl-pm-01/frequency") -> list[int]:
    """Quality bytes of a point's measured readings stored after the first ``since`` of all."""
    rows = list(host.stored.values())[since:]
    return [row.quality for row in rows if row.metric == metric and row.value is not None]


def own(host: ModelHost, key: str) -> list[float | None]:
    """What the gateway said of itself."""
    return [row.value for row in host.stored.values() if row.metric == f"gw/{key}"]


@pytest.mark.timeout(240)
async def test_what_contradicts_the_record_is_no_good_reading(
    broker: BrokerAddress,
    host: ModelHost,
    tmp_path: Path,
    free_ports: Callable[[int], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Swapped, signed anew, ten times its scale, back, refused: each is named, and each ends, with no false one."""
    monkeypatch.setattr(witness, "REFUSED_AFTER_S", 1.0)
    monkeypatch.setattr(service, "STATUS_S", 0.2)
    (port,) = free_ports(1)
    meter = Meter()
    async with meter.listening(port):
        site = Site(tmp_path, port)
        await site.prove()
        await site.session.close()
        config = load_config(site.gateway_file(broker))
        asked_before = meter.identity_reads
        async with host.online(), running(config):
            await until(lambda: len(qualities(host, 0)) > 150, WAIT_S)
            assert set(qualities(host, 0)) == {GOOD}
            assert meter.identity_reads - asked_before == 1
            await until(lambda: site.doubts() == [], WAIT_S)

            meter.serial = 815
            before, asked = len(host.stored), meter.identity_reads
            meter.drop()
            await until(lambda: len(qualities(host, before)) > 20 and site.doubts() == ["swapped"], WAIT_S)
            at = next(i for i, code in enumerate(qualities(host, before)) if code == CONTRADICTED)
            assert set(qualities(host, before)[at:]) == {CONTRADICTED}
            assert meter.identity_reads > asked
            await until(lambda: own(host, "units_contradicted")[-1:] == [1.0], WAIT_S)
            assert (own(host, "contradicted_unit")[-1], own(host, "devices_swapped")[-1]) == (1.0, 1.0)

            again = SiteSession(tmp_path / "site", profiles=load_folder(tmp_path / "profiles"))
            site.session = again
            await site.prove()
            await again.close()
            await until(lambda: site.doubts() == [] and qualities(host, 0)[-1:] == [GOOD], WAIT_S)
            # What is under way may be overtaken, so the turn is looked for; from there on all is good.
            before = len(host.stored)
            await until(lambda: len(qualities(host, before)) > 170, WAIT_S)
            assert set(qualities(host, before)[20:]) == {GOOD}

            before, meter.factor = len(host.stored), 10.0
            await until(lambda: site.doubts() == ["step"], WAIT_S)
            late = [row for row in list(host.stored.values())[before:] if row.metric == "wtl-pm-01/frequency"]
            wrong = [row for row in late if (row.value or 0) > 400]
            assert {row.quality for row in wrong} == {CONTRADICTED}
            meter.factor = 1.0
            await until(lambda: site.doubts() == [], WAIT_S)

            meter.refused = {2, 3}
            await until(lambda: site.doubts() == ["refused"], WAIT_S)
            meter.refused = set()
            await until(lambda: site.doubts() == [], WAIT_S)
            await until(lambda: own(host, "units_contradicted")[-1:] == [0.0], WAIT_S)
    assert host.problems == []

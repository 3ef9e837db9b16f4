"""A unit that contradicts its record, with every process real: one alarm of its own kind, and none of the process."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from gateway.site_session import SiteSession
from gateway.site_survey.record import Placement
from gateway.site_survey.state import BusAddress, PointState
from tests.integration.app.test_demo import Demo, come_up

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(420)]

WAIT_S = 120.0
RULE = "edge-record-contradicted"
_OPEN = 'SELECT alarm_id, kind, state, active, facility, "case" FROM dispatch_alarm WHERE rule_id = ?'


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose gateways are heard."""
    with come_up(tmp_path_factory.mktemp("demo") / "city") as running:
        running.until(lambda: running.gateway("gw-wtl").get("link") == "online")
        yield running


def rows(demo: Demo, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with contextlib.closing(sqlite3.connect(demo.folder / "twingrid.sqlite")) as connection:
        return connection.execute(query, values).fetchall()


def until(condition: Callable[[], object]) -> None:
    """Wait for what is promised, as long as a slow machine needs."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def write(demo: Demo, file: Path, content: dict[str, Any]) -> None:
    """Another configuration, in force when the supervisor has started the gateway again."""
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    before = demo.gateway("gw-wtl").get("time_ms", 0)
    for process in demo.processes():
        with suppress(psutil.Error):
            if any("gw-wtl.yaml" in word for word in process.cmdline()):
                process.send_signal(signal.SIGKILL)
    until(lambda: demo.gateway("gw-wtl").get("time_ms", 0) > before + 1000)


def record(folder: Path) -> Path:
    """A signed record of unit 6 of the demo's bus, a power meter, as its profile has it."""
    session = SiteSession(folder, BusAddress(id="wtl-bus", host="127.0.0.1", port=1))
    session.add(6)
    session.choose_profile(6, "eastron-sdm630")
    session.select(6, [PointState(register="voltage_l1", measurement="u_a")])
    session.place(6, Placement(facility="wtl-ed-02"))
    return session.sign("Li Wei").file


def facilities(demo: Demo, rule: str) -> set[str]:
    """Where a rule has raised an alarm."""
    query = "SELECT f.code FROM dispatch_alarm a JOIN registry_facility f ON f.number = a.facility WHERE a.rule_id = ?"
    return {row[0] for row in rows(demo, query, rule)}


def test_a_changed_map_is_a_case_of_the_maintainer_and_no_alarm_of_the_process(demo: Demo, tmp_path: Path) -> None:
    """Two meters lose a phase because somebody changed a scale; the one with a record says so, the other cries wolf."""
    file = demo.folder / "gateways" / "gw-wtl.yaml"
    signed = yaml.safe_load(file.read_text(encoding="utf-8"))
    signed["buses"][0]["record"] = str(record(tmp_path / "site"))
    signed["self"] = {"facility": "wtl-gw-01", "interval_s": 2}
    wrong = yaml.safe_load(yaml.safe_dump(signed))
    for unit in wrong["buses"][0]["units"]:
        if unit["unit"] in (5, 6):
            unit["points"]["voltage_l1"] = {"metric": unit["points"]["voltage_l1"], "scale": 0.1}
    write(demo, file, wrong)
    until(lambda: "wtl-ed-01" in facilities(demo, "elec-phase-loss"))
    until(lambda: rows(demo, _OPEN, RULE))
    ((alarm, kind, _state, active, facility, case),) = rows(demo, _OPEN, RULE)
    assert (kind, active) == ("commissioning", 1)
    assert rows(demo, "SELECT code FROM registry_facility WHERE number = ?", facility) == [("wtl-gw-01",)]
    ((owner,),) = rows(demo, 'SELECT owner FROM dispatch_task WHERE "case" = ? AND kind = ?', case, "handle")
    assert rows(demo, "SELECT role FROM registry_person WHERE number = ?", owner) == [("maintainer",)]
    told = dict(rows(demo, "SELECT key, value FROM dispatch_evidence WHERE alarm_id = ?", alarm))
    assert (told["units_contradicted"], told["contradicted_unit"], told["maps_changed"]) == (1.0, 6.0, 1.0)
    write(demo, file, signed)
    until(lambda: [row[3] for row in rows(demo, _OPEN, RULE)] == [0])
    assert "wtl-ed-02" not in facilities(demo, "elec-phase-loss")

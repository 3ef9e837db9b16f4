"""What a changed profile does to the points that use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.places import Text
from gateway.config_file import parse_config
from gateway.document import Document
from gateway.profile import Profile
from gateway.profile_file import parse, shipped
from gateway.profile_uses import Change, changes, points_of, renewed
from gateway.site_survey.proof import Verdict
from gateway.site_survey.record import Placement
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import BusAddress, PointState, ProofState, ReferenceReading, SessionState, UnitState

TEXT = """maker: M
model: "1"
source: manual
registers:
  volts: {address: 4, type: s16, scale: 0.1, unit: V, low: 0, high: 400}
  power: {address: 5, type: s16, decimals_from: places, unit: W}
  places: {address: 6, type: u16}
  mode: {address: 7, type: enum, states: {1: {key: run, zh: 运行, en: running}}}
"""
GATEWAY = """
group: wtl
node: gw-1
profiles: own
broker: {host: 127.0.0.1}
spool: {path: spool.sqlite}
buses:
- id: room
  host: 127.0.0.1
  units:
  - unit: 1
    profile: t1
    points: {volts: wtl-01/volts, power: wtl-01/power, mode: wtl-01/mode}
"""


def profile(text: str = TEXT) -> Profile:
    """It, under the name that is used."""
    return parse(Document(text, ""), "t1")


def of_gateway(after: str, folder: Path) -> tuple[Change, ...]:
    """What the gateway's points would feel."""
    config = parse_config(GATEWAY, folder, instead={"t1": profile()})
    return changes(profile(after), config.buses, None, {})


def shown(found: tuple[Change, ...]) -> list[tuple[str, str, str, str]]:
    return [(one.point, one.key, one.before, one.after) for one in found]


def test_what_no_point_reads_changes_nothing(tmp_path: Path) -> None:
    """A further register, a note, a label: nobody needs to be asked."""
    more = TEXT + '  amps: {address: 9, type: u16, unit: A, note: "x"}\nnote: hello\n'
    assert of_gateway(more, tmp_path) == ()
    assert of_gateway(TEXT, tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("address: 4", "address: 14", [("wtl-01/volts", "address", "4", "14")]),
        ("scale: 0.1", "scale: 0.01", [("wtl-01/volts", "scale", "0.1", "0.01")]),
        ("unit: V", "unit: kV", [("wtl-01/volts", "unit", "V", "kV")]),
        ("high: 400", "high: 500", [("wtl-01/volts", "high", "400", "500")]),
        ("low: 0, ", "", [("wtl-01/volts", "low", "0", "-inf")]),
        ("1: {key: run", "2: {key: run", [("wtl-01/mode", "states", "1 run", "2 run")]),
        ("places: {address: 6, type: u16}", "places: {address: 8, type: u16}",
         [("wtl-01/power", "places.address", "6", "8")]),
        ("source: manual", "source: manual\nbase: 1",
         [("wtl-01/volts", "address", "4", "3"), ("wtl-01/power", "address", "5", "4"),
          ("wtl-01/power", "places.address", "6", "5"), ("wtl-01/mode", "address", "7", "6")]),
        ("source: manual", "source: manual\ntimeout_s: 2", [("", "timeout_s", "1", "2")]),
        ("source: manual", "source: manual\nquirks: [needs_single_reads]", [("", "quirks", "-", "needs_single_reads")]),
        ("source: manual", "source: manual\nillegal: [{from: 91, to: 99}]", [("", "illegal", "-", "3:91–99")]),
    ],
    ids=["address", "scale", "unit", "high", "low", "states", "exponent", "base", "timeout", "quirk", "illegal"],
)  # fmt: skip
def test_what_a_point_would_read_otherwise_is_named(
    tmp_path: Path, old: str, new: str, expected: list[tuple[str, str, str, str]]
) -> None:
    """With the key of the file and both values."""
    assert old in TEXT
    found = of_gateway(TEXT.replace(old, new, 1), tmp_path)
    assert shown(found) == expected
    assert all((one.bus, one.unit, one.gone) == ("room", 1, False) for one in found)


def test_a_point_whose_register_is_gone(tmp_path: Path) -> None:
    """It is named as such."""
    (found,) = of_gateway(TEXT.replace("  volts:", "  voltage:"), tmp_path)
    assert found == Change(bus="room", unit=1, point="wtl-01/volts", register="volts")
    assert found.gone
    assert str(found) == "wtl-01/volts (volts)"


def test_another_profile_is_nobodys_business(tmp_path: Path) -> None:
    """Only units that use this name count."""
    config = parse_config(GATEWAY, tmp_path, instead={"t1": profile()})
    other = parse(Document(TEXT.replace("address: 4", "address: 14"), ""), "t2")
    assert changes(other, config.buses, None, {}) == ()


def session() -> SessionState:
    """A unit with two points that were proven, and one of another product."""
    reading = ReferenceReading(register="volts", shown="230.0")
    proof = ProofState(reading=reading, time_ms=1, value=230.0, error=0.0, allowed=0.1, verdict=Verdict.PROVEN)
    points = {name: PointState(register=name, measurement=name, proof=proof) for name in ("volts", "mode")}
    unit = UnitState(
        unit=3, setting=Setting(0), profile="t1", points=points, placement=Placement(facility="wtl-03")
    )  # fmt: skip
    other = UnitState(unit=4, setting=Setting(0), profile="xy-md02", points=points)
    return SessionState(bus=BusAddress(id="new", host="10.0.0.1"), began_ms=1, units={3: unit, 4: other})


def test_points_of_the_session_count_too() -> None:
    """What was proven and not signed yet is in use."""
    after = profile(TEXT.replace("scale: 0.1", "scale: 1").replace("  mode:", "  state:"))
    found = changes(after, (), session(), {**shipped(), "t1": profile()})
    assert [(one.bus, one.unit, one.point, one.key, one.gone) for one in found] == [
        ("new", 3, "wtl-03/volts", "scale", False),
        ("new", 3, "wtl-03/mode", "", True),
    ]


def test_a_proof_holds_for_what_is_read_as_before() -> None:
    """What is read otherwise must be proven anew; the rest, and other products, are as they were."""
    state = session()
    after = renewed(state, profile(), profile(TEXT.replace("scale: 0.1", "scale: 1")))
    assert after.units[3].points["volts"].proof is None
    assert after.units[3].points["mode"] == state.units[3].points["mode"]
    assert after.units[4] == state.units[4]
    assert renewed(state, profile(), profile(TEXT + "note: x\n")) == state


def test_many_changes_are_counted() -> None:
    """A sentence names the first six."""
    found = [Change(bus="b", unit=n, key="timeout_s", before="1", after="2") for n in range(9)]
    assert points_of(found).endswith("b/5: timeout_s 1 → 2 … (9)")
    assert points_of(found[:1]) == "b/0: timeout_s 1 → 2"


def test_texts_for_people_are_no_change() -> None:
    """A better translation of a state needs nobody's consent."""
    better = TEXT.replace("zh: 运行, en: running", "zh: 正在运行, en: is running")
    after = profile(better)
    assert after.registers["mode"].states[1].text == Text(zh="正在运行", en="is running")
    assert renewed(session(), profile(), after) == session()

"""Test alarms in a commissioning session: one id until it has ended, kept beside the signature, told by the record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Refused
from core.places import Text
from gateway.site_session import SiteSession
from gateway.site_survey.drill import DrillRecipient, DrillStage, DrillState
from gateway.site_survey.record import Placement
from gateway.site_survey.state import BusAddress, PointState


def session(folder: Path) -> SiteSession:
    one = SiteSession(folder, BusAddress(host="127.0.0.1", port=1))
    one.add(7)
    one.choose_profile(7, "xy-md02")
    one.select(7, [PointState(register="temperature", measurement="air_temp")])
    return one


def confirmed(state: DrillState) -> DrillState:
    who = DrillRecipient(name=Text(zh="李伟", en="Li Wei"), task="handle", grid="construction", confirmed_ms=9_000)
    return replace(
        state, stage=DrillStage.CONFIRMED, case="C-1", took_s=0.4, opened_ms=2_000, ended_ms=9_000, recipients=(who,)
    )


def test_a_call_keeps_its_id_until_it_has_ended(tmp_path: Path) -> None:
    """Asked again, after a restart, after a failure: the same call; after its end another one."""
    one = session(tmp_path)
    with pytest.raises(Refused, match="place"):
        one.call_drill(7, "temperature")
    one.place(7, Placement(facility="wtl-ia-02"))
    with pytest.raises(Refused):
        one.call_drill(7, "humidity")
    first = one.call_drill(7, "temperature", "Li")
    assert (first.metric, first.by) == ("wtl-ia-02/air_temp", "Li")
    assert SiteSession(tmp_path).call_drill(7, "temperature") == first
    one.note_drill(7, "temperature", replace(first, stage=DrillStage.UNANSWERED))
    again = one.call_drill(7, "temperature")
    assert (again.id, again.stage, again.by) == (first.id, DrillStage.ASKED, "Li")
    one.note_drill(7, "temperature", confirmed(again))
    assert one.call_drill(7, "temperature").id != first.id


def test_another_name_of_the_point_is_another_test(tmp_path: Path) -> None:
    """A unit that was moved to another facility has not been tested there."""
    one = session(tmp_path)
    one.place(7, Placement(facility="wtl-ia-02"))
    first = one.call_drill(7, "temperature")
    one.place(7, Placement(facility="wtl-ia-03"))
    second = one.call_drill(7, "temperature")
    assert (second.id == first.id, second.metric) == (False, "wtl-ia-03/air_temp")


def test_the_record_tells_the_test_and_a_later_one_leaves_the_signature(tmp_path: Path) -> None:
    """JSON and paper carry case, queue and confirmation; a test after signing does not undo it; none, no entry."""
    one = session(tmp_path)
    one.place(7, Placement(facility="wtl-ia-02"))
    plain = json.loads(one.sign("Li").file.read_bytes())["record"]["units"][0]["points"][0]
    assert "test_alarm" not in plain
    one.note_drill(7, "temperature", confirmed(one.call_drill(7, "temperature", "Li")))
    assert one.state.signed is not None
    told = json.loads(one.sign("Li").file.read_bytes())["record"]["units"][0]["points"][0]["test_alarm"]
    assert (told["case"], told["stage"], told["answered_after_s"]) == ("C-1", "confirmed", 0.4)
    assert [one["en"] for one in told["recipients"]] == ["Li Wei"]

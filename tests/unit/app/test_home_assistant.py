"""The points that Home Assistant is shown are those that the settings name."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from app.broker_accounts import HOME_ASSISTANT_USER, OUTWARD_USER
from app.home_assistant import ChosenPoints, publisher
from app.home_assistant_settings import HomeAssistantSettings
from app.installation import broker_process
from app.settings import BrokerSettings, NotificationSettings, Settings
from core.clock import ManualClock
from core.people import Language
from dispatch.home_assistant.discovery import configuration
from registry.directory import Directory
from store.memory import MemoryStore
from tests.unit.registry.city import NOW_MS, City, build_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = build_city(tmp_path)
    yield made
    made.engine.dispose()


def choose(city: City, tmp_path: Path, **chosen: Any) -> ChosenPoints:
    settings = Settings(
        data_dir=tmp_path / "data",
        home_assistant=HomeAssistantSettings(**chosen),
        notification=NotificationSettings(base_url="https://grid.example/"),
    )
    return ChosenPoints(settings, Directory(city.engine, city.registry), city.registry)


def test_nothing_is_shown_unless_somebody_asks(city: City, tmp_path: Path) -> None:
    """Without the option there is nothing to do, and no thread."""
    shown = choose(city, tmp_path)()
    assert (shown.wanted, shown.points) == (False, {})
    settings = Settings(data_dir=tmp_path / "data")
    directory = Directory(city.engine, city.registry)
    made = publisher(settings, directory, city.registry, MemoryStore(), ManualClock(NOW_MS))
    with made:
        assert made.idle
        assert not made._thread.is_alive()


def test_a_community_is_all_of_its_facilities_and_no_other(city: City, tmp_path: Path) -> None:
    """A facility by its code comes with it; names are those of the chosen language."""
    of_community = choose(city, tmp_path, communities=("aa",))().points.values()
    assert {one.facility[:2] for one in of_community} == {"aa"}
    both = choose(city, tmp_path, communities=("aa",), facilities=("bb-sp-01",), language=Language.ENGLISH)().points
    assert {one.facility for one in both.values() if one.facility[:2] == "bb"} == {"bb-sp-01"}
    level = next(one for one in both.values() if one.facility == "aa-sp-01" and one.key == "level")
    assert (level.community, level.unit, level.yes_or_no) == ("Community A", "m", False)
    said = json.loads(configuration("twingrid", level, "1"))
    assert said["device"]["configuration_url"] == f"https://grid.example/facilities/{level.facility_number}"
    running = next(one for one in both.values() if one.key == "pump1_running")
    assert running.yes_or_no


def test_a_point_that_is_retired_is_shown_no_more(city: City, tmp_path: Path) -> None:
    """With the next version of the registry, and the same value as long as that stays."""
    settings = Settings(data_dir=tmp_path / "data", home_assistant=HomeAssistantSettings(facilities=("aa-sp-01",)))
    directory = Directory(city.engine, city.registry)
    chosen = ChosenPoints(settings, directory, city.registry)
    before = chosen()
    assert chosen() is before
    number = next(iter(before.points))
    with city.engine.begin() as connection:
        connection.execute(sa.text("UPDATE registry_point SET active = false WHERE number = :n"), {"n": number})
        connection.execute(sa.text("UPDATE registry_counter SET last = last + 1 WHERE kind = 'version'"))
    directory.refresh()
    assert set(before.points) - set(chosen().points) == {number}


def test_a_code_that_nobody_has_is_said(city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with its name; too low a rate too."""
    chosen = choose(city, tmp_path, communities=("aa", "zz"), facilities=("aa-sp-99",), per_second=1)
    with caplog.at_level(logging.WARNING):
        chosen()
        chosen()
    said = [record for record in caplog.records if "no points" in record.message]
    assert [record.__dict__["codes"] for record in said] == [["aa-sp-99", "zz"]]


def test_a_broker_of_ours_gets_the_accounts(tmp_path: Path) -> None:
    """Home Assistant's only where something is shown; ours always, since something may have to be taken away."""
    for chosen, there in ((HomeAssistantSettings(), False), (HomeAssistantSettings(facilities=("a",)), True)):
        folder = tmp_path / str(there)
        settings = Settings(data_dir=folder, broker=BrokerSettings(kind="nats"), home_assistant=chosen)
        broker_process(settings, [])
        written = json.loads((folder / "broker" / "nats.conf").read_text())
        users = {one["user"] for one in written["authorization"]["users"]}
        assert OUTWARD_USER in users
        assert (HOME_ASSISTANT_USER in users) is there


@pytest.mark.parametrize("values", [{"every_s": 0.5}, {"every_s": 61}, {"per_second": 0}, {"prefix": "x"}])
def test_what_cannot_work_is_refused(values: dict[str, float]) -> None:
    """Too often, so seldom that values would expire, never, and options that there are not."""
    with pytest.raises(ValidationError):
        HomeAssistantSettings(**values)  # type: ignore[arg-type]

"""Photos of tasks: whose, which, how many; and what no sensor shows is closed on a photo, or on words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.alarms import ChangeKind
from core.cases import Action, Actor, CaseState, Conflict, NotPermitted, TaskKind, UnknownItem
from core.closure import FalseCause, HandlingReport, Outcome, PhotoKind
from core.errors import Invalid, Unavailable
from core.intake import SourceKind
from core.ports.cases import TaskCommand, TaskRow
from core.ports.intake import IntakeAsk
from dispatch.intake_desk import SqlIntakes
from dispatch.photo_desk import SqlPhotos
from dispatch.photo_folder import MOST_PHOTOS
from dispatch.photos import JPEG, picture_of
from dispatch.task_photos import SqlTaskPhotos
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change
from tests.unit.dispatch.test_photos import jpeg, reported

HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
BEFORE, AFTER, VERIFICATION = PhotoKind


def seen_by_somebody(hall: Hall) -> None:
    """A worker's report, which becomes a case without a sensor."""
    desk = SqlIntakes(hall.engine, rules=RULES.get, source=hall.city.registry)
    pump = hall.city.facility("aa-sp-01")
    ask = IntakeAsk(
        key="seen", actor=hall.actor("aa-g1"), source=SourceKind.WORKER, event="other", words="漏", facility=pump
    )
    desk.file(ask, MONDAY_9)


def owner(hall: Hall, task: TaskRow) -> Actor:
    """Whoever has a task."""
    return hall.actor(hall.code_of(task.owner))


def walk(hall: Hall, kind: TaskKind, *actions: Action, now_ms: int = MONDAY_9) -> Actor:
    """Let the owner of a task take steps; who that was."""
    who = owner(hall, hall.tasks()[kind])
    for action in actions:
        hall.act(hall.tasks()[kind], action, who, now_ms=now_ms)
    return who


def handled(hall: Hall, report: HandlingReport | None = None, now_ms: int = MONDAY_9) -> Actor:
    """Repaired, and the verification taken; who repaired it."""
    who = walk(hall, HANDLE, Action.ACCEPT, Action.ARRIVE, now_ms=now_ms)
    task = hall.tasks()[HANDLE]
    hall.keys += 1
    command = TaskCommand(task=task.number, action=Action.HANDLE, actor=who, key=f"h{hall.keys}", report=report)
    hall.desk.act(command, now_ms)
    return who


def shelf_of(hall: Hall, tmp_path: Path, most_bytes: int = 1 << 30) -> SqlTaskPhotos:
    """Where photos of tasks lie."""
    return SqlTaskPhotos(hall.engine, tmp_path / "photos", most_bytes)


def refused(hall: Hall, note: str = "") -> bool:
    """Whether the verification is refused for want of a photo; else it is done."""
    task = hall.tasks()[VERIFY]
    codes: list[str] = []
    try:
        hall.act(task, Action.VERIFY, owner(hall, task), note=note, now_ms=MONDAY_9 + 3 * HOUR)
    except Invalid as error:
        codes += [one.code for one in error.findings]
    assert codes in ([], ["TG-3106"])
    return bool(codes)


def test_photos_of_a_task_are_kept_as_those_of_reports(hall: Hall, tmp_path: Path) -> None:
    """The picture alone, under its hash, in the same folder and within the same room; the same again is the same."""
    seen_by_somebody(hall)
    shelf = shelf_of(hall, tmp_path)
    who, task = walk(hall, HANDLE, Action.ACCEPT), hall.tasks()[HANDLE]
    first = shelf.attach(task.number, BEFORE, who, "key-1", jpeg(turned=6), MONDAY_9)
    assert (first.position, first.media_type, first.person) == (0, JPEG, who.person)
    assert shelf.attach(task.number, BEFORE, who, "key-1", jpeg(turned=6), MONDAY_9 + 1) == first
    assert shelf.attach(task.number, BEFORE, who, "key-2", jpeg(turned=6), MONDAY_9 + 1) == first
    with pytest.raises(Conflict) as caught:
        shelf.attach(task.number, BEFORE, who, "key-1", jpeg(shade=9), MONDAY_9)
    assert caught.value.code == "key_reused"
    with pytest.raises(Conflict):
        shelf.attach(task.number, AFTER, who, "key-1", jpeg(turned=6), MONDAY_9)
    assert shelf.photo(task.number, 0) == (JPEG, picture_of(jpeg(turned=6)).data)
    assert shelf.photo(task.number, 1) is None
    assert [path.name for path in (tmp_path / "photos").rglob("*.jpg")] == [f"{first.sha256}.jpg"]
    assert shelf.of_case(task.case).photos == (first,)
    assert shelf.of_case(task.case + 1).photos == ()
    with pytest.raises(Invalid):
        shelf.attach(task.number, BEFORE, who, "key-3", b"<svg/>", MONDAY_9)
    row = reported(hall)
    full = SqlPhotos(hall.engine, tmp_path / "photos", first.size + 10)
    with pytest.raises(Invalid) as no_room:
        full.attach(row.number, "once", Actor(login="anybody"), jpeg(shade=7), MONDAY_9)
    assert no_room.value.findings[0].code == "TG-3154"


def test_whoever_works_on_a_task_adds_photos_and_for_a_day_after(hall: Hall, tmp_path: Path) -> None:
    """Not before it is accepted, not somebody else, not a day later, not of the wrong kind, not more than four."""
    seen_by_somebody(hall)
    shelf, task = shelf_of(hall, tmp_path), hall.tasks()[HANDLE]
    who, other = owner(hall, task), hall.actor("mgr-a", supervises=True)
    with pytest.raises(UnknownItem):
        shelf.may_attach(999, BEFORE, who, MONDAY_9)
    with pytest.raises(NotPermitted):
        shelf.attach(task.number, BEFORE, who, "early", jpeg(), MONDAY_9)
    handled(hall)
    for one in range(MOST_PHOTOS):
        shelf.attach(task.number, AFTER, who, f"after-{one}", jpeg(shade=40 * one), MONDAY_9 + 23 * HOUR)
    with pytest.raises(Invalid) as caught:
        shelf.attach(task.number, AFTER, who, "after-5", jpeg(shade=200), MONDAY_9)
    assert caught.value.findings[0].code == "TG-3153"
    shelf.attach(task.number, BEFORE, who, "before", jpeg(), MONDAY_9)
    with pytest.raises(Invalid) as kind:
        shelf.attach(task.number, VERIFICATION, who, "kind", jpeg(), MONDAY_9)
    assert kind.value.findings[0].code == "TG-3107"
    for actor, at_ms in ((other, MONDAY_9), (who, MONDAY_9 + 24 * HOUR), (replace(who, login="x"), MONDAY_9)):
        with pytest.raises(NotPermitted):
            shelf.attach(task.number, BEFORE, actor, "late", jpeg(shade=5), at_ms)
    positions = [(one.kind, one.position) for one in shelf.of_case(task.case).photos]
    assert sorted(positions) == [(AFTER, 0), (AFTER, 1), (AFTER, 2), (AFTER, 3), (BEFORE, 4)]


def test_whoever_returned_a_task_still_sends_what_they_saw(hall: Hall, tmp_path: Path) -> None:
    """The photo waited on a phone in a cellar, and somebody else has the task by now."""
    seen_by_somebody(hall)
    who = walk(hall, HANDLE, Action.ACCEPT)
    task = hall.act(hall.tasks()[HANDLE], Action.RETURN, who, note="needs a crane", now_ms=MONDAY_9)
    found = shelf_of(hall, tmp_path).attach(task.number, BEFORE, who, "key", jpeg(), MONDAY_9 + HOUR)
    assert found.person == who.person


def test_a_full_disk_takes_no_photo_and_leaves_no_row(hall: Hall, tmp_path: Path) -> None:
    """The words stand; the phone tries again."""
    seen_by_somebody(hall)
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    who, task = walk(hall, HANDLE, Action.ACCEPT), hall.tasks()[HANDLE]
    with pytest.raises(Unavailable):
        SqlTaskPhotos(hall.engine, tmp_path / "file").attach(task.number, BEFORE, who, "key", jpeg(), MONDAY_9)
    assert shelf_of(hall, tmp_path).of_case(task.case).photos == ()


@pytest.mark.parametrize("way", ["after", "verification", "reason", "note", "false_alarm"])
def test_what_no_sensor_shows_is_closed_on_a_photo_or_on_words(hall: Hall, tmp_path: Path, way: str) -> None:
    """By whoever repaired, by whoever verified, by a stated reason of either; nothing was wrong needs none."""
    seen_by_somebody(hall)
    shelf = shelf_of(hall, tmp_path)
    reports = {
        "reason": HandlingReport(no_photo=" camera broken "),
        "false_alarm": HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.TEST),
    }
    who = handled(hall, reports.get(way))
    handle, verify = hall.tasks()[HANDLE], hall.tasks()[VERIFY]
    verifier = walk(hall, VERIFY, Action.ACCEPT)
    shown = shelf.of_case(handle.case)
    assert (shown.needed, shown.missing) == (True, way not in reports)
    if way in {"after", "verification", "note"}:
        shelf.attach(handle.number, BEFORE, who, "b", jpeg(shade=3), MONDAY_9)
        assert refused(hall)
        assert hall.cases()[-1].state is CaseState.HANDLED
    if way == "after":
        shelf.attach(handle.number, AFTER, who, "a", jpeg(), MONDAY_9 + HOUR)
    if way == "verification":
        shelf.attach(verify.number, VERIFICATION, verifier, "v", jpeg(), MONDAY_9 + HOUR)
    assert shelf.of_case(handle.case).missing == (way == "note")
    assert not refused(hall, "too dark, but it runs" if way == "note" else " ")
    assert hall.cases()[-1].state is CaseState.CLOSED
    assert not shelf.of_case(handle.case).missing


def test_a_photo_of_a_repair_that_did_not_hold_shows_nothing_of_the_next(hall: Hall, tmp_path: Path) -> None:
    """After a rejection another photo is needed, and there is room for it."""
    seen_by_somebody(hall)
    shelf, who = shelf_of(hall, tmp_path), handled(hall)
    handle, verifier = hall.tasks()[HANDLE], walk(hall, VERIFY, Action.ACCEPT)
    for one in range(MOST_PHOTOS):
        shelf.attach(handle.number, AFTER, who, f"first-{one}", jpeg(shade=40 * one), MONDAY_9 + MINUTE)
    assert not shelf.of_case(handle.case).missing
    hall.act(hall.tasks()[VERIFY], Action.REJECT, verifier, note="leaks", now_ms=MONDAY_9 + HOUR)
    again = handled(hall, now_ms=MONDAY_9 + 2 * HOUR)
    assert again == who
    assert shelf.of_case(handle.case).missing
    assert refused(hall)
    shelf.attach(handle.number, AFTER, who, "second", jpeg(), MONDAY_9 + 2 * HOUR)
    assert not refused(hall)


def test_what_a_sensor_sees_needs_no_photo(hall: Hall, tmp_path: Path) -> None:
    """The alarm went; a photo may be added all the same."""
    pump = hall.city.facility("aa-sp-01")
    hall.apply(change(ChangeKind.OPENED, "high", facility=pump))
    who = handled(hall)
    hall.apply(change(ChangeKind.CLOSED, "high", facility=pump, stop=MONDAY_9 + MINUTE))
    walk(hall, VERIFY, Action.ACCEPT)
    shelf, handle = shelf_of(hall, tmp_path), hall.tasks()[HANDLE]
    shelf.attach(handle.number, AFTER, who, "a", jpeg(), MONDAY_9)
    shown = shelf.of_case(handle.case)
    assert (shown.needed, shown.missing, len(shown.photos)) == (False, False, 1)
    assert not refused(hall)

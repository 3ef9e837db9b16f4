"""``twingrid notify`` shows channels and tests them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.console import Speaker
from app.exits import Exit
from app.notification import channels, routes
from app.settings import Settings
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from core.ports.notifications import Outcome
from dispatch.notification_desk import SqlNotificationDesk

_ACTOR = "twingrid notify"


@contextmanager
def _desk(settings: Settings) -> Iterator[SqlNotificationDesk]:
    made = channels(settings)
    engine = database(settings)
    try:
        yield SqlNotificationDesk(engine, made, routes(settings))
    finally:
        engine.dispose()


def show(speaker: Speaker, config: Path | None, *, as_json: bool) -> None:
    """Print every channel with its last result and what waits for it.

    Raises:
        core.errors.Invalid: if settings or secrets are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    now_ms, zone = SystemClock().now_ms(), ZoneInfo(settings.time_zone)
    with _desk(settings) as desk:
        found, backlog = desk.channels(now_ms), desk.backlog(now_ms)
    if as_json:
        speaker.json(
            {
                "waiting": backlog.waiting,
                "given_up": backlog.given_up,
                "channels": [
                    {
                        "name": one.name,
                        "kind": one.kind,
                        "ways": list(one.ways),
                        "per_minute": one.per_minute,
                        "waiting": one.waiting,
                        "paused_until_ms": one.paused_until_ms,
                        "last_outcome": None if one.last is None else one.last.outcome.value,
                        "last_ms": None if one.last is None else one.last.at_ms,
                        "last_detail": None if one.last is None else one.last.detail,
                        "accepted_ms": one.accepted_ms,
                    }
                    for one in found
                ],
            }
        )
        return

    def moment(at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%m-%d %H:%M:%S")

    columns = [speaker.say(f"col.notify.{name}") for name in ("channel", "kind", "ways", "waiting", "last", "detail")]
    rows = [
        [
            one.name,
            one.kind,
            ", ".join(one.ways),
            str(one.waiting),
            "–" if one.last is None else f"{moment(one.last.at_ms)} {speaker.say(f'outcome.{one.last.outcome.value}')}",
            "" if one.last is None else one.last.detail,
        ]
        for one in found
    ]
    speaker.table(columns, rows, whole=1)
    speaker.note(speaker.say("notify.backlog", waiting=backlog.waiting, given_up=backlog.given_up))


def test(speaker: Speaker, config: Path | None, channel: str, to: str, *, as_json: bool) -> Exit:
    """Send a test message and print what came of it.

    Raises:
        core.errors.Invalid: if settings or secrets are wrong.
        core.errors.Refused: no such channel, no address, limit reached.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(load(config).settings) as desk:
        language = speaker.language.value
        made = desk.test_address(channel, to, language, _ACTOR, SystemClock().now_ms())
    outcome = made.outcome.value
    if as_json:
        speaker.json({"channel": channel, "outcome": outcome, "code": made.code, "detail": made.detail})
    else:
        said = speaker.say(f"outcome.{outcome}")
        speaker.out.print(speaker.say("notify.tested", channel=channel, outcome=said), markup=False)
        if made.detail:
            speaker.note(made.detail)
        if made.outcome is not Outcome.ACCEPTED:
            speaker.note(speaker.say(f"notify.fix.{outcome}"))
    return Exit.OK if made.outcome is Outcome.ACCEPTED else Exit.FINDING

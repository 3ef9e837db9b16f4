"""``twingrid webhook``, apart from its options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.console import Speaker
from app.exits import Exit
from app.operator import operator
from app.settings_file import load
from app.webhooks import desk as desk_of
from app.wiring import database
from core.clock import SystemClock
from core.ports.notifications import Outcome
from core.webhooks import MOST_NAME, EventType, Webhook, WebhookEvent, WebhookState, WebhookWish
from dispatch.webhooks.desk import SqlWebhooks
from registry.classbook import load_classes
from registry.queries import Registry


class _Desk:
    """What the commands share: the webhooks, the registry, the time."""

    def __init__(self, config: Path | None) -> None:
        settings = load(config).settings
        self.engine, self.clock = database(settings), SystemClock()
        self.zone = ZoneInfo(settings.time_zone)
        self.webhooks: SqlWebhooks = desk_of(settings, self.engine, self.clock)

    def moment(self, at_ms: int | None) -> str:
        """A time as an operator reads it."""
        return "–" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, self.zone).strftime("%m-%d %H:%M:%S")


@contextmanager
def _desk(config: Path | None) -> Iterator[_Desk]:
    made = _Desk(config)
    try:
        yield made
    finally:
        made.engine.dispose()


def add(
    speaker: Speaker,
    config: Path | None,
    url: str,
    name: str,
    events: Sequence[str],
    communities: Sequence[str],
    *,
    as_json: bool,
) -> Exit:
    """Make a webhook and show its secret this once.

    Raises:
        core.errors.Refused: if nothing may be sent to the address, or there are too many.
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    if not 0 < len(name.strip()) <= MOST_NAME:
        speaker.error(speaker.say("webhook.no-name"))
        return Exit.USAGE
    strange = [one for one in events if one not in set(EventType)]
    for one in strange:
        speaker.error(speaker.say("webhook.no-event", name=one, known=", ".join(EventType)))
    with _desk(config) as desk:
        known = {one.code: one.number for one in Registry(desk.engine, load_classes()).communities()}
        missing = [one for one in communities if one not in known]
        for one in missing:
            speaker.error(speaker.say("webhook.no-community", name=one))
        if strange or missing:
            return Exit.USAGE
        chosen = tuple(known[one] for one in communities)
        wish = WebhookWish(name=name, url=url, events=tuple(EventType(one) for one in events), communities=chosen)
        made, secret = desk.webhooks.make(wish, operator(), desk.clock.now_ms())
    _secret(speaker, made, secret, as_json=as_json)
    return Exit.OK


def _secret(speaker: Speaker, made: Webhook, secret: str, *, as_json: bool) -> None:
    if as_json:
        speaker.json({**_row(made), "secret": secret})
        return
    heads = ("col.number", "col.webhook.name", "col.webhook.secret")
    speaker.table([speaker.say(head) for head in heads], [[str(made.number), made.name, secret]], whole=3)
    speaker.note(speaker.say("webhook.made"))


def show(speaker: Speaker, config: Path | None, *, every: bool, as_json: bool) -> Exit:
    """Webhooks, newest first.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        found = [one for one in desk.webhooks.all() if every or one.state is not WebhookState.ENDED]
    if as_json:
        speaker.json({"webhooks": [_row(one) for one in found]})
        return Exit.OK
    rows = [
        [
            str(one.number),
            one.name,
            one.url,
            " ".join(one.events),
            speaker.say(f"webhook.state.{one.state.value}"),
            str(one.waiting),
            str(one.given_up),
            desk.moment(one.accepted_ms),
            f"{desk.moment(one.last_ms)} {one.last_detail}" if one.failing_since_ms is not None else "",
        ]
        for one in found
    ]
    heads = ("name", "url", "events", "state", "waiting", "given-up", "accepted", "problem")
    columns = [speaker.say("col.number"), *(speaker.say(f"col.webhook.{head}") for head in heads)]
    speaker.table(columns, rows)
    return Exit.OK


def messages(speaker: Speaker, config: Path | None, number: int, *, as_json: bool) -> Exit:
    """The newest messages of one.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        if desk.webhooks.find(number) is None:
            return _none(speaker, number)
        found = desk.webhooks.messages(number)
    if as_json:
        speaker.json({"messages": [asdict(one) for one in found]})
        return Exit.OK
    rows = [
        [
            str(one.id),
            one.type,
            one.subject,
            desk.moment(one.at_ms),
            speaker.say(f"webhook.delivery.{one.delivery}"),
            str(one.attempts),
            one.error,
        ]
        for one in found
    ]
    heads = ("message", "type", "subject", "at", "state", "attempts", "problem")
    speaker.table([speaker.say(f"col.webhook.{head}") for head in heads], rows)
    return Exit.OK


def again(speaker: Speaker, config: Path | None, number: int, message: int) -> Exit:
    """Send what was given up.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        done = desk.webhooks.again(number, message, operator(), desk.clock.now_ms())
    if not done:
        speaker.error(speaker.say("webhook.no-message", message=message))
        return Exit.USAGE
    speaker.note(speaker.say("webhook.again", message=message))
    return Exit.OK


def test(speaker: Speaker, config: Path | None, number: int) -> Exit:
    """Send a test and print what came of it.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        sent = desk.webhooks.test(number, operator(), desk.clock.now_ms())
    if sent is None:
        return _none(speaker, number)
    if sent.outcome is Outcome.ACCEPTED:
        speaker.note(speaker.say("webhook.tested"))
        return Exit.OK
    speaker.error(
        speaker.say(
            "webhook.not-taken", outcome=speaker.say(f"outcome.{sent.outcome.value}"), detail=sent.detail or sent.code
        )
    )
    return Exit.FINDING


def rotate(speaker: Speaker, config: Path | None, number: int, *, as_json: bool) -> Exit:
    """A new secret, shown this once.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        made = desk.webhooks.rotate(number, operator(), desk.clock.now_ms())
    if made is None:
        return _none(speaker, number)
    _secret(speaker, made[0], made[1], as_json=as_json)
    return Exit.OK


def move(speaker: Speaker, config: Path | None, number: int, event: str, *, skip: bool = False) -> Exit:
    """Pause, resume or end one.

    Raises:
        core.errors.Refused: if that cannot be done to it as it stands.
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _desk(config) as desk:
        made = desk.webhooks.step(number, WebhookEvent(event), operator(), desk.clock.now_ms(), skip=skip)
    if made is None:
        return _none(speaker, number)
    state = speaker.say(f"webhook.state.{made.state.value}")
    speaker.note(speaker.say("webhook.moved", number=number, state=state))
    return Exit.OK


def _none(speaker: Speaker, number: int) -> Exit:
    speaker.error(speaker.say("webhook.none", number=number))
    return Exit.USAGE


def _row(one: Webhook) -> dict[str, object]:
    return {**asdict(one), "events": list(one.events), "communities": list(one.communities)}

"""What came in, as it travels: words of events, photos, answers from the log."""

from __future__ import annotations

from api.idempotency import bound_key
from api.models.base import Bilingual, severity_name
from api.models.intakes import EventView, LogAnswerView, PhotoView
from api.places import Places
from core.alarms import Severity
from core.intake import CATEGORIES, Event
from core.ports import intake as rows


def bound(key: str) -> str:
    """The client's key bound to reports, in the length that dispatch keeps."""
    return bound_key(key, "report")


def event_view(one: Event) -> EventView:
    """Something that can be reported, as it travels."""
    return EventView(
        key=one.key,
        say=Bilingual.of(one.say),
        category=one.category,
        category_name=Bilingual.of(CATEGORIES[one.category]),
        severity=severity_name(one.severity),
        urgent=one.severity >= Severity.HIGH,
    )


def photo_view(one: rows.Photo) -> PhotoView:
    """A photo as it travels."""
    return PhotoView(position=one.position, media_type=one.media_type, size=one.size)


def answer_view(one: rows.LogAnswer, places: Places) -> LogAnswerView:
    """An answer from the case log as it travels."""
    return LogAnswerView(
        community=places.community_ref(one.community),
        from_ms=one.from_ms,
        to_ms=one.to_ms,
        filed=one.filed,
        closed=one.closed,
        cancelled=one.cancelled,
        still_open=one.still_open,
        in_time=one.in_time,
        late=one.late,
        rework=one.rework,
        labour_min=one.labour_min,
        by_event=dict(one.by_family),
        by_source=dict(one.by_source),
    )

"""Folding as pages show it; docs/alarms.md section 6."""

from __future__ import annotations

from pydantic import Field

from api.models.alarms import AlarmSummary
from api.models.base import Bilingual, FacilityRef, Model


class UnseenView(Model):
    """What cannot be seen because of an alarm, as it was last."""

    say: Bilingual = Field(description="element, what is wrong, and how many are not seen, in a sentence")
    gateways: int
    devices: int
    facilities: list[FacilityRef] = Field(description="those within the caller's communities, by number")


class AlarmFolding(Model):
    """One outage, one alarm: what took this one in, what it took in, and what it hides."""

    into: AlarmSummary | None = Field(description="the alarm that says it all, if this one was folded into it")
    folded: list[AlarmSummary] = Field(description="alarms that were folded into this one, newest first; at most 200")
    unseen: UnseenView | None = Field(description="null where nothing but the alarm's own element is not seen")

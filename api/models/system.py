"""Gateways and the health of the system itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, Model, Number, TimeMs

PartStatus = Literal["ok", "degraded", "down"]


class GatewayView(Model):
    """A gateway as the host sees it; null where nobody has said."""

    id: Number
    node: str = Field(examples=["g1/gw-wtl"])
    name: Bilingual
    community: CommunityRef
    online: bool | None = Field(description="between its birth and its death")
    since_ms: TimeMs | None = Field(description="when `online` last changed")
    last_seen_ms: TimeMs | None
    backlog: int | None = Field(description="readings waiting in its spool")
    stored: int | None = Field(description="readings stored from it since the host started")
    health: dict[str, float] = Field(description="what it says of itself, by metric")
    devices: list[str] = Field(description="its buses and adapters that are alive")
    points: int = Field(description="points it serves")
    revoked: bool


class GatewayList(Model):
    """Gateways in the communities one sees, offline first."""

    items: list[GatewayView]


class LostReadings(Model):
    """Readings that a gateway gave up for one reason."""

    reason: str = Field(examples=["spool_full"])
    say: Bilingual
    readings: int
    dated: bool = Field(description="false: nobody knows any more when they were read")


class GatewayGap(Model):
    """One gap record: readings that a gateway read and gave up, as it declared them. It is final."""

    from_ms: TimeMs | None = Field(description="event time of the first of them; null: nobody knows any more")
    to_ms: TimeMs | None = Field(description="event time of the last of them")
    readings: int
    reason: str = Field(examples=["spool_full"])
    say: Bilingual
    epoch: int = Field(description="the spool they were in")
    first: int = Field(description="offset of the first of them in that spool")


class GatewayLedger(Model):
    """Whether all readings of a stretch of time are here, and where the others are."""

    gateway: Number
    from_ms: TimeMs
    to_ms: TimeMs
    verdict: Literal["complete", "in_gateway", "lost", "unknown"]
    say: Bilingual
    waiting: int = Field(description="readings of any time that wait in the gateway, as it last said")
    oldest_waiting_ms: TimeMs | None
    without_date: int = Field(description="readings that wait for the gateway's clock to be set")
    lost: list[LostReadings]
    gaps: list[GatewayGap] = Field(description="the latest gap records, at most 200; those without a time stand last")
    gap_count: int = Field(description="how many gap records there are, listed or not")
    last_seen_ms: TimeMs | None


class HealthPart(Model):
    """One part of the system."""

    name: str = Field(examples=["store"])
    status: PartStatus
    say: Bilingual


class Promise(Model):
    """A promise of the system (INV-1 …) with its counter of breaches."""

    id: str = Field(examples=["INV-3"])
    say: Bilingual
    breaches: int
    kept: bool


class StoreSize(Model):
    """What the store holds."""

    readings: int
    quarantined: int
    evicted: int
    superseded: int
    bytes_on_disk: int


class Health(Model):
    """How the system itself is."""

    status: PartStatus
    version: str
    now_ms: TimeMs
    parts: list[HealthPart]
    store: StoreSize | None = Field(description="null when the store does not answer")
    promises: list[Promise]


class Probe(Model):
    """Answer to a supervisor."""

    status: Literal["ok", "unavailable"]
    failing: list[str] = Field(description="parts that do not answer")

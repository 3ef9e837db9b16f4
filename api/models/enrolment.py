"""Gateways that nobody has enrolled yet, and what somebody wants of one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, Model, Number, TimeMs
from core.ports.enrolment import PointState

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class UnknownPoint(Model):
    """A metric of a facility."""

    key: str = Field(examples=["outlet_pressure"])
    unit: str = Field(description="as announced; empty: not said", examples=["MPa"])
    name: Bilingual | None = Field(description="of the measurement; null: the class has none such")
    state: PointState = Field(
        description="`new`: becomes a point; `taken`: another gateway serves it; `unfit`: the class does not measure it"
    )


class FittingClass(Model):
    """A class that measures some of what is announced."""

    id: str = Field(examples=["water_supply_pump"])
    name: Bilingual


class UnknownFacility(Model):
    """A facility that the metrics name."""

    code: str = Field(examples=["aa-sp-01"])
    known: bool = Field(description="it stands in the registry already")
    class_id: str = Field(description="its own, or the one that fits best; empty: none")
    classes: list[FittingClass] = Field(description="the best first")
    points: list[UnknownPoint] = Field(description="under `class_id`")


class UnknownGateway(Model):
    """A gateway that was heard and is not in the registry; its names are what it says of itself."""

    group: str = Field(examples=["g1"])
    node: str = Field(examples=["gw-01"])
    first_ms: TimeMs
    seen_ms: TimeMs
    enrollable: bool = Field(description="its ids are such as can be enrolled: letters, digits and `._-`, at most 64")
    facilities: list[UnknownFacility]
    nameless: int = Field(description="metrics that are not `facility/measurement`")
    left_out: int = Field(description="metrics beyond what is kept of a gateway")


class UnknownGateways(Model):
    """The last heard first; none for a login that does not see all communities."""

    items: list[UnknownGateway]


class CommunityToMake(Model):
    """A community that begins with its first gateway: a square of about 2 km, one cell in each grid."""

    name_zh: Name
    name_en: Name
    latitude: float = Field(ge=-85, le=85, allow_inf_nan=False, description="WGS-84", examples=[31.23])
    longitude: float = Field(ge=-179, le=179, allow_inf_nan=False, examples=[121.47])


class FacilityToMake(Model):
    """A facility that comes with its gateway; without a name it is called by class and code."""

    code: Id
    class_id: Id = Field(examples=["water_supply_pump"])


class EnrolmentRequest(Model):
    """Which gateway, what it is called, where it belongs, and what becomes of the facilities it reads."""

    group: Id
    node: Id
    name_zh: Name
    name_en: Name
    community: Number | None = Field(default=None, description="one that is there; else `new_community`")
    new_community: CommunityToMake | None = None
    facilities: list[FacilityToMake] = Field(
        default_factory=list, max_length=500, description="new ones; what is neither named nor known stays out"
    )


class EnrolledGateway(Model):
    """What came of it."""

    id: Number
    facilities: list[Number] = Field(description="the facilities it reads")
    points: int

"""Parts that many answers share: bilingual text, references, pages, problems.

Every model is closed: a field that nobody knows is refused on the way in, so mass assignment has nothing to assign to,
and an answer holds exactly what its model says.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from core import merging
from core.alarms import Severity
from core.places import Text
from core.ports.registry import Provenance

SeverityName = Literal["info", "low", "medium", "high", "critical"]
Light = Literal["green", "amber", "red"]
HealthName = Literal["ok", "unseen", "attention", "fault"]

TimeMs = Annotated[
    int, Field(ge=0, le=253_402_300_799_999, description="UTC milliseconds", examples=[1_795_000_000_000])
]
AlarmId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+$", examples=["k3j5t7m2p4q6r2s4"])]
Number = Annotated[int, Field(ge=0, le=2_147_483_647, examples=[17])]

T = TypeVar("T")


def severity_name(severity: Severity) -> SeverityName:
    """The name by which a severity travels."""
    return _SEVERITY_NAMES[severity]


_SEVERITY_NAMES: dict[Severity, SeverityName] = {
    Severity.INFO: "info",
    Severity.LOW: "low",
    Severity.MEDIUM: "medium",
    Severity.HIGH: "high",
    Severity.CRITICAL: "critical",
}


class Model(BaseModel):
    """The base of everything that travels: frozen and closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class Bilingual(Model):
    """A text that people read, in both languages."""

    zh: str = Field(examples=["水泵空转"])
    en: str = Field(examples=["Pump runs dry"])

    @classmethod
    def of(cls, text: Text) -> Bilingual:
        """From the vocabulary's text."""
        return cls(zh=text.zh, en=text.en)


class CommunityRef(Model):
    """A community by number, code and name."""

    id: Number
    code: str = Field(examples=["wtl"])
    name: Bilingual


class PersonRef(Model):
    """A person by number and name; nothing else of a person travels with somebody else's record."""

    id: Number
    name: Bilingual


class FacilityRef(Model):
    """A facility by number, the code people know, name, class, and where its readings come from."""

    id: Number
    code: str = Field(examples=["wtl-sp-01"])
    name: Bilingual
    class_id: str = Field(examples=["sewage_pump"])
    class_name: Bilingual
    provenance: Provenance = Field(description="where its readings come from; shown wherever they are shown")


class Page(Model, Generic[T]):
    """One page of a list. ``next_cursor`` goes into ``cursor`` of the next request; null on the last page."""

    items: list[T]
    next_cursor: str | None


class FieldProblem(Model):
    """One field that was wrong, with its place in the request."""

    where: str = Field(examples=["body.minutes"])
    what: str = Field(examples=["Input should be less than or equal to 480"])


class FieldConflict(Model):
    """A field that somebody else changed meanwhile to something else: nothing was written, a person chooses."""

    field: str = Field(examples=["built"])
    base: str = Field(description="what the edit was based on")
    mine: str = Field(description="what the edit says")
    theirs: str = Field(description="what stands")
    together: list[str] = Field(description="fields that are decided with it, itself among them")
    by: str = Field(description="login of whoever changed it; empty: not known")
    time_ms: TimeMs | None = Field(description="when; null: not known")


class FieldMoved(Model):
    """A field that somebody else changed meanwhile and that the edit left alone."""

    field: str = Field(examples=["built"])
    base: str = Field(description="what the edit was based on")
    theirs: str = Field(description="what stands")
    by: str = Field(description="login of whoever changed it; empty: not known")
    time_ms: TimeMs | None = Field(description="when; null: not known")

    @classmethod
    def of(cls, one: merging.FieldMoved[str]) -> FieldMoved:
        """From what merging found."""
        return cls(field=one.field, base=one.base, theirs=one.theirs, by=one.by, time_ms=one.at_ms)


class Problem(Model):
    """An error (RFC 9457): what happened, why, what to do; the title is in the reader's language."""

    type: str = Field(examples=["urn:twingrid:problem:TG-4091"])
    title: str = Field(examples=["Somebody else was faster"])
    status: int = Field(ge=400, le=599, examples=[409])
    code: str = Field(pattern=r"^TG-\d{4}$", examples=["TG-4091"])
    detail: str = Field(description="why, in the reader's language")
    fix: str = Field(description="what to do, in the reader's language")
    instance: str = Field(description="the path that was asked for")
    request_id: str = Field(description="quote it when you ask for help; the server's log has it too")
    errors: list[FieldProblem] = Field(description="every field that was wrong, at once")
    owner: PersonRef | None = Field(description="who was faster, where a race was lost")
    conflicts: list[FieldConflict] = Field(
        default_factory=list, description="fields that both sides changed, where an edit could not be merged"
    )

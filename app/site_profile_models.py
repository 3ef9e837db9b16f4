"""What the page of profiles sends and gets: a text with what is wrong in it, what came of a trial, what is kept."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from app.site_models import Form, Short
from core.places import Text
from gateway.profile import DataType, Order

MOST_CHARACTERS: Final = 120_000
"""Of a request; what is a finding of its own ("too large") begins earlier (``gateway.profile_warnings.MOST_BYTES``)."""
Content = Annotated[str, Field(max_length=MOST_CHARACTERS)]


class TextForm(Form):
    """A profile's text, to the letter: findings count its lines and columns. ``name``: of its file, may be empty."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    text: Content
    name: Short = ""


class SaveForm(Form):
    """A text to be kept.

    Attributes:
        text: as it is.
        base: of the text that its writer began with (``ProfileText.base``); empty: there was none of this name.
        meant: it is meant that points in use are read otherwise (``ProfileCheck.changes``).
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    text: Content
    base: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    meant: bool = False


class TrialForm(TextForm):
    """A text to be tried on a unit; ``registers``: only these, empty: all."""

    registers: Annotated[list[Short], Field(max_length=500)] = Field(default_factory=list)


class FindingView(BaseModel):
    """One thing wrong or odd in a text: where (from 1; 0: it is about the whole), what, what to do."""

    code: str
    line: int
    column: int
    what: str
    fix: str


class ChangeView(BaseModel):
    """One thing that would be otherwise for a unit in use.

    ``point`` is empty where it is about how the unit is asked; ``key`` (of the profile's file) where the point would
    lose its register (``quantity``).
    """

    bus: str
    unit: int
    point: str
    quantity: str
    key: str
    before: str
    after: str


class ProfileCheck(BaseModel):
    """What is to be said about a text.

    Attributes:
        sound: it can be tried and kept.
        base: digest of the text; a trial names that of what was tried.
        errors, warnings: why not, and what is odd.
        product, registers: what it describes.
        changes: what would be otherwise for units that use the profile of this name.
        name_problem: why it cannot be kept under this name.
    """

    sound: bool
    base: str
    errors: list[FindingView]
    warnings: list[FindingView]
    product: Text | None
    registers: int
    changes: list[ChangeView]
    name_problem: Text | None


class ShelfItem(BaseModel):
    """A profile of the gateway's own: when it was written, until when its versions before stood, units that use it."""

    key: str
    product: Text | None
    changed_ms: int
    versions: tuple[int, ...]
    units: int


class ShelfView(BaseModel):
    """The gateway's own profiles; ``why_not``: why none can be kept here."""

    why_not: Text | None
    profiles: list[ShelfItem]


class ProfileText(BaseModel):
    """A text to begin with; ``own``: it is the gateway's; ``base`` goes along when it is saved."""

    key: str
    text: str
    own: bool
    base: str


class ProfileSaved(BaseModel):
    """What was kept; ``restart``: the gateway polls units with it, and reads it at its next start."""

    key: str
    base: str
    changed: bool
    restart: bool


class TriedView(BaseModel):
    """One register and what the unit said.

    Attributes:
        name, label, note, written, function, address, type, order, unit: of the profile; the address from 0.
        words: hexadecimal, as they came; empty: nothing came.
        value, text: decoded, in ``unit``; None and empty where there is none.
        meaning: what the value stands for.
        flags: the bits that are set.
        quality: ``good``, ``uncertain``, ``bad``, ``not_measured``.
        reason: why, such as ``out_of_range``; ``none`` where it is good.
        exception: with which the unit refused; 0: it did not.
    """

    name: str
    label: Text
    note: Text | None
    written: str
    function: int
    address: int
    type: DataType
    order: Order
    unit: str
    words: list[str]
    value: float | None
    text: str
    meaning: Text | None
    flags: list[Text]
    quality: str
    reason: str
    exception: int


class TrialView(BaseModel):
    """What came of the last trial on a unit.

    Attributes:
        unit, time_ms: where and when.
        base: digest of the text that was tried.
        asked, seconds: questions, and how long it took.
        complete: every register had its turn.
        registers: in the order of the text.
    """

    unit: int
    time_ms: int
    base: str
    asked: int
    seconds: float
    complete: bool
    registers: list[TriedView]

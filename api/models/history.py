"""A point's history as columns: what a chart draws, with its gaps and limits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.base import Bilingual, Model, Number, SeverityName, TimeMs


class Gap(Model):
    """A stretch the chart must not bridge.

    ``no_data``: nothing arrived; ``evicted``: the gateway gave readings up (its spool was full); ``bad``: readings came
    and must not be believed, or a value was due and none was had.
    """

    from_ms: TimeMs
    to_ms: TimeMs
    kind: Literal["no_data", "evicted", "bad"]
    reason: str = Field(description="`timeout`, `spool_full`, …; empty when unknown")
    say: Bilingual = Field(description="the reason for people")


class Limit(Model):
    """A limit of a rule over the point, in the point's unit, to be drawn as a line where it stands alone."""

    value: float
    kind: Literal["high", "low"]
    severity: SeverityName
    rule_id: str
    say: Bilingual
    only_with: list[Bilingual] = Field(
        description="what else must be so for this to be wrong; empty: crossing the limit alone is wrong"
    )


class History(Model):
    """Columns of one length, ascending in time.

    ``step_ms`` 0 means raw readings: then min, mean, max, first and last are the reading itself (null where it was not
    good). Otherwise each row is a bucket [start, start + step); a bucket without any reading has no row.
    """

    point: Number
    unit: str
    from_ms: TimeMs
    to_ms: TimeMs
    step_ms: int = Field(ge=0)
    start_ms: list[int]
    min: list[float | None]
    mean: list[float | None]
    max: list[float | None]
    first: list[float | None]
    last: list[float | None]
    count: list[int] = Field(description="good readings")
    bad: list[int] = Field(description="readings that were not good")
    text: dict[int, str] = Field(description="text values by row, raw readings only")
    gaps: list[Gap]
    limits: list[Limit]

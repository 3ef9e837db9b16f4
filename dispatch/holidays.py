"""The public holidays of mainland China, from the library that tabulates the notices of the State Council."""

from __future__ import annotations

from functools import cache

from core.holidays import Holidays


@cache
def mainland_china() -> Holidays:
    """The notices from 2004 on, as far as the installed library knows them."""
    from chinese_calendar import constants

    holidays, makeup = frozenset(constants.holidays), frozenset(constants.workdays)
    known = {day.year for day in holidays}
    return Holidays(years=frozenset(range(min(known), max(known) + 1)), holidays=holidays, makeup=makeup)

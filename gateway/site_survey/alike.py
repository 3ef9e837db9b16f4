"""Products that fit a unit equally well: nothing on the wire tells them apart, so a person must look at the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from core.places import Text
from gateway.product import KINDS
from gateway.profile import Profile
from gateway.quantities import called
from gateway.site_survey.identify import Fit, alike
from gateway.site_survey.state import AlikeState

_MOST: Final = 4
_NAMED: Final = 3
_ALSO: Final = Text(zh="另有{names}", en="also measures {names}")
_SAME: Final = Text(zh="测量的量相同，请看铭牌型号", en="measures the same; look at the model on the label")


def side_by_side(profiles: Mapping[str, Profile], fits: Sequence[Fit]) -> tuple[AlikeState, ...]:
    """The products that cannot be told apart, each with what a person can look for; empty if the first stands out."""
    keys = alike(fits)[:_MOST]
    return tuple(_one(profiles, key, [other for other in keys if other != key]) for key in keys)


def _one(profiles: Mapping[str, Profile], key: str, others: Sequence[str]) -> AlikeState:
    mine = profiles[key]
    theirs = {one.name for other in others for one in profiles[other].quantities}
    own = [called(one) for one in mine.quantities if one.name not in theirs]
    kinds = {profiles[one].kind for one in (key, *others)}
    parts = [Text(zh=KINDS[mine.kind].zh, en=KINDS[mine.kind].en)] if len(kinds) > 1 else []
    if own:
        names = own[:_NAMED]
        more = f" (+{len(own) - _NAMED})" if len(own) > _NAMED else ""
        zh, en = "、".join(one.zh for one in names) + more, ", ".join(one.en for one in names) + more
        parts.append(Text(zh=_ALSO.zh.format(names=zh), en=_ALSO.en.format(names=en)))
    elif not parts:
        parts.append(_SAME)
    look = Text(zh="；".join(part.zh for part in parts), en="; ".join(part.en for part in parts))
    return AlikeState(profile=key, product=mine.product, look=look)

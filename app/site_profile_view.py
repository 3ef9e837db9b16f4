"""From what is known of profiles to what their page shows. Values in, values out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app import site_profile_models as m
from app.site_shelf import Kept
from core.findings import Speaks
from core.places import Text
from core.quality import class_of, reason_of
from gateway.own_profiles import OwnProfile, digest
from gateway.profile import Register
from gateway.profile_uses import Change
from gateway.quantities import called
from gateway.site_trial import Tried


def both(said: Speaks) -> Text:
    """A sentence in both languages."""
    return Text(zh=said.in_language("zh"), en=said.in_language("en"))


def base_of(text: str) -> str:
    """What goes along when a text is saved again."""
    return digest(text)


def changes(found: Sequence[Change]) -> list[m.ChangeView]:
    """What would be otherwise."""
    return [
        m.ChangeView(
            bus=one.bus,
            unit=one.unit,
            point=one.point,
            quantity=one.register,
            key=one.key,
            before=one.before,
            after=one.after,
        )
        for one in found
    ]


def item(one: OwnProfile, units: int) -> m.ShelfItem:
    """A profile of the gateway's own."""
    product = one.profile.product if one.profile is not None else None
    return m.ShelfItem(
        key=one.key, product=product, changed_ms=one.changed_ms, versions=one.versions, units=units
    )  # fmt: skip


def trial(unit: int, kept: Kept) -> m.TrialView:
    """What came of a trial."""
    found = kept.trial
    return m.TrialView(
        unit=unit,
        time_ms=found.time_ms,
        base=kept.base,
        asked=found.asked,
        seconds=found.seconds,
        complete=found.complete,
        registers=[_tried(one) for one in found.registers],
    )


def _tried(one: Tried) -> m.TriedView:
    register = one.register
    value = one.value if math.isfinite(one.value) else None
    stands_for = register.states.get(int(value)) if register.states and value is not None else None
    return m.TriedView(
        name=register.name,
        label=called(register),
        note=register.note,
        written=register.written,
        function=register.function,
        address=register.address,
        type=register.type,
        order=register.order,
        unit=register.unit,
        words=[f"{word:X}" if register.reads_bits else f"{word:04X}" for word in one.words],
        value=value,
        text=one.text,
        meaning=stands_for.text if stands_for is not None else None,
        flags=_flags(register, value, one.text),
        quality=class_of(one.quality).name.lower(),
        reason=reason_of(one.quality).name.lower(),
        exception=one.exception,
    )


def _flags(register: Register, value: float | None, digits: str) -> list[Text]:
    """The bits that are set, in the words of the profile; flags stand at whole numbers without a scale."""
    if value is None or not register.flags:
        return []
    whole = int(digits) if digits else int(value)
    return [meaning.text for bit, meaning in sorted(register.flags.items()) if whole >> bit & 1]

"""What a template stands for, as the pages tell it."""

from __future__ import annotations

from collections.abc import Iterable

from core.ports.rule_editing import RuleMember
from rules.editing.form import RuleForm
from rules.rule_set import Rule


def is_of(rule_id: str, written: str) -> bool:
    """Whether a rule is the entry with this id, or one of those that the template with this id stands for."""
    return rule_id == written or (written != "" and rule_id.startswith(f"{written}."))


def members_of(form: RuleForm, rules: Iterable[Rule]) -> tuple[RuleMember, ...]:
    """The rules of a template with the limit of each; none of an entry that is a rule."""
    limits = {f"{form.id}.{one.class_}.{one.measurement}": one for one in form.targets}
    return tuple(
        RuleMember(rule_id=one.id, class_id=one.class_id, measurement=target.measurement, limit=target.limit)
        for one in rules
        if (target := limits.get(one.id)) is not None
    )

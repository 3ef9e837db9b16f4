"""A rule's text as the fields of a form, and the fields put back into the text.

Reading is lenient: a rule with faults is shown as far as it goes. Writing compares the form with what the text says
now and changes only what differs, so comments, order and every untouched field stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.editing import fields, levels, scalars
from rules.editing.conditions import Condition, condition_of, written
from rules.language.document import Mapping, Node, Scalar, Sequence_
from rules.language.template import FOR_EACH

ORDER = (
    *("id", "class", "kind", "when", "for", "levels", "clear", "clear_for", "severity", "lead", "support", "supply"),
    *("latching", "family", "gather", "say", "do", "source", "evidence", "deadline", "observe", "from", "until"),
)
"""Where a field that is added goes."""
LEVEL_ORDER = (
    "severity",
    "when",
    "for",
    "clear",
    "clear_for",
    "say",
    "do",
    "deadline",
    "support",
    "source",
    "evidence",
)
_PLAIN = (
    *("class", "kind", "severity", "lead", "support", "supply", "latching", "family", "gather"),
    *("evidence", "observe", "from", "until"),
)
_TIMES = ("for", "clear_for")
_CONDITIONS = ("when", "clear")
_DEADLINE = ("hours", "clock", "what")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A text in both languages."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A deadline as written; all empty: none."""

    hours: str = ""
    clock: str = ""
    what: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelForm:
    """One level; ``clear`` is ``None`` where nothing is written. Other fields of a level stay text.

    ``origin`` is the place it has in the text, from 0; ``levels.NEW`` for one that stands in none yet.
    """

    origin: int = levels.NEW
    severity: str = ""
    when: Condition
    for_: str = ""
    clear: Condition | None = None
    clear_for: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One measurement of a class that a template stands for; ``limit`` as written, empty for none."""

    class_: str = ""
    measurement: str = ""
    limit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleForm:
    """A rule; every field as written, empty where nothing is.

    Attributes:
        when: ``None`` with levels.
        levels: from the least to the worst; empty for a rule of one severity.
        targets: of a template, in place of the class; empty for a rule.
        steps: of ``do``, one pair for each.
    """

    id: str = ""
    class_: str = ""
    targets: tuple[Target, ...] = ()
    kind: str = ""
    severity: str = ""
    when: Condition | None = None
    for_: str = ""
    clear: Condition | None = None
    clear_for: str = ""
    levels: tuple[LevelForm, ...] = ()
    lead: str = ""
    support: str = ""
    supply: str = ""
    latching: str = ""
    family: str = ""
    gather: str = ""
    say: Pair = field(default_factory=Pair)
    steps: tuple[Pair, ...] = ()
    source: Pair = field(default_factory=Pair)
    evidence: str = ""
    deadline: Due = field(default_factory=Due)
    observe: str = ""
    from_: str = ""
    until: str = ""


def form_of(text: str) -> RuleForm | None:
    """The form of the one rule in a text; ``None`` where there is none that can be read."""
    root = fields.root_of(text)
    if root is None:
        return None
    plain = {_attribute(name): _text(_at(root, name)) for name in (*_PLAIN, *_TIMES)}
    steps = _at(root, "levels")
    found = steps.value if isinstance(steps, Sequence_) else ()
    return RuleForm(
        id=_text(_at(root, "id")),
        when=_condition(_at(root, "when")),
        clear=_condition(_at(root, "clear")),
        levels=tuple(_level(one, place) for place, one in enumerate(found)),
        targets=tuple(_targets(_at(root, FOR_EACH))),
        say=_pair(_at(root, "say")),
        steps=_steps(_at(root, "do")),
        source=_pair(_at(root, "source")),
        deadline=Due(**{name: _text(_at(_at(root, "deadline"), name)) for name in _DEADLINE}),
        **plain,
    )


def with_form(text: str, form: RuleForm) -> str:
    """The text with everything that the form says otherwise; levels by their origins."""
    now = form_of(text)
    if now is None:
        return text
    text = _with_text(text, ("id",), now.id, form.id, ORDER)
    if form.levels or now.levels:
        text = _with_levels(text, now, form)
    text = _with_targets(text, now.targets, form.targets)
    text = _with_judging(text, (), now, form, ORDER)
    for name in _PLAIN:
        attribute = _attribute(name)
        text = _with_text(text, (name,), getattr(now, attribute), getattr(form, attribute), ORDER)
    text = _with_pair(text, ("say",), now.say, form.say)
    text = _with_steps(text, now.steps, form.steps)
    text = _with_source(text, now.source, form.source)
    return _with_deadline(text, now.deadline, form.deadline)


# --- reading ------------------------------------------------------------------------------------------------------


def _attribute(name: str) -> str:
    return f"{name}_" if name in {"for", "class", "from"} else name


def _at(node: Node | None, key: str) -> Node | None:
    if isinstance(node, Mapping):
        for name, value in node.value:
            if isinstance(name, Scalar) and name.value == key:
                return fields.as_node(value)
    return None


def _text(node: Node | None) -> str:
    return str(node.value).strip() if isinstance(node, Scalar) else ""


def _condition(node: Node | None) -> Condition | None:
    return condition_of(_text(node)) if isinstance(node, Scalar) else None


def _targets(node: Node | None) -> Iterator[Target]:
    for name, inner in node.value if isinstance(node, Mapping) else ():
        for key, value in inner.value if isinstance(inner, Mapping) else ():
            limit = "" if value.tag == _NULL else _text(value)
            yield Target(class_=_text(name), measurement=_text(key), limit=limit)


def _level(node: Node, place: int) -> LevelForm:
    return LevelForm(
        origin=place,
        severity=_text(_at(node, "severity")),
        when=condition_of(_text(_at(node, "when"))),
        for_=_text(_at(node, "for")),
        clear=_condition(_at(node, "clear")),
        clear_for=_text(_at(node, "clear_for")),
    )


def _pair(node: Node | None) -> Pair:
    if isinstance(node, Scalar):
        return Pair(zh=_text(node), en=_text(node))
    return Pair(zh=_text(_at(node, "zh")), en=_text(_at(node, "en")))


def _steps(node: Node | None) -> tuple[Pair, ...]:
    lists = [_at(node, language) for language in ("zh", "en")]
    zh, en = ([_text(one) for one in part.value] if isinstance(part, Sequence_) else [] for part in lists)
    count = max(len(zh), len(en))
    zh, en = ([*one, *[""] * (count - len(one))] for one in (zh, en))
    return tuple(Pair(zh=one, en=other) for one, other in zip(zh, en, strict=True))


# --- writing ------------------------------------------------------------------------------------------------------


def _with_text(text: str, path: fields.Path, old: str, new: str, order: Sequence[str]) -> str:
    """A field of one text; an empty one is taken out."""
    if old == new:
        return text
    return fields.put(text, path, new, order) if new else fields.drop(text, path)


def _with_judging(
    text: str, path: fields.Path, old: RuleForm | LevelForm, new: RuleForm | LevelForm, order: Sequence[str]
) -> str:
    """Conditions and times, of the rule or of a level."""
    for name in _CONDITIONS:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        said = "" if after is None else written(after)
        text = _with_text(text, (*path, name), "" if before is None else "\0", said, order)
    for name in _TIMES:
        attribute = _attribute(name)
        text = _with_text(text, (*path, name), getattr(old, attribute), getattr(new, attribute), order)
    return text


def _with_levels(text: str, now: RuleForm, form: RuleForm) -> str:
    """Levels in their new order, then the fields of each."""
    if not form.levels:
        return fields.drop(text, ("levels",))
    text = levels.rearranged(text, [one.origin for one in form.levels], [_fresh(one) for one in form.levels], ORDER)
    read = form_of(text)
    if read is None or len(read.levels) != len(form.levels):
        return text
    for place, (old, new) in enumerate(zip(read.levels, form.levels, strict=True)):
        path: fields.Path = ("levels", place)
        text = _with_text(text, (*path, "severity"), old.severity, new.severity, LEVEL_ORDER)
        text = _with_judging(text, path, old, new, LEVEL_ORDER)
    return text


def _fresh(level: LevelForm) -> str:
    parts = [f"severity: {level.severity}", f"when: {scalars.scalar(written(level.when), flow=True)}"]
    return f"{{{', '.join(parts)}}}"


def _with_targets(text: str, old: Sequence[Target], new: Sequence[Target]) -> str:
    """What a template stands for: limits are changed in their place, measurements added and taken out."""
    before = {(one.class_, one.measurement): one.limit for one in old}
    after = {(one.class_, one.measurement): one.limit for one in new if one.class_ and one.measurement}
    if before == after or not before or not after:
        return text
    for key in before.keys() - after.keys():
        class_id = key[0]
        path: fields.Path = (FOR_EACH, *key) if any(one[0] == class_id for one in after) else (FOR_EACH, class_id)
        text = fields.drop(text, path)
    for key, limit in after.items():
        if key in before and before[key] == limit:
            continue
        if fields.node_at(text, (FOR_EACH, key[0])) is None:
            said = scalars.scalar(limit, flow=True) if limit else "null"
            text = fields.put_raw(text, (FOR_EACH, key[0]), f"{{{key[1]}: {said}}}", ())
        elif limit:
            text = fields.put(text, (FOR_EACH, *key), limit, ())
        else:
            text = fields.put_raw(text, (FOR_EACH, *key), "null", ())
    return text


def _with_pair(text: str, path: fields.Path, old: Pair, new: Pair) -> str:
    if old == new:
        return text
    node = fields.node_at(text, path)
    if isinstance(node, Mapping) and _at(node, "zh") is not None and _at(node, "en") is not None and new.zh and new.en:
        text = _with_text(text, (*path, "zh"), old.zh, new.zh, ("zh", "en"))
        return _with_text(text, (*path, "en"), old.en, new.en, ("zh", "en"))
    return fields.put_raw(text, path, scalars.pair(new.zh, new.en), ORDER)


def _with_source(text: str, old: Pair, new: Pair) -> str:
    if old == new:
        return text
    if isinstance(fields.node_at(text, ("source",)), Mapping) or new.zh != new.en:
        return _with_pair(text, ("source",), old, new)
    return fields.put(text, ("source",), new.zh, ORDER)


def _with_steps(text: str, old: Sequence[Pair], new: Sequence[Pair]) -> str:
    if tuple(old) == tuple(new):
        return text
    if len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            for language in ("zh", "en"):
                path: fields.Path = ("do", language, place)
                was, said = getattr(before, language), getattr(after, language)
                if was != said and fields.node_at(text, path) is not None:
                    text = fields.put_item(text, path, said)
        if _steps(fields.node_at(text, ("do",))) == tuple(new):
            return text
    zh, en = ([getattr(one, language) for one in new] for language in ("zh", "en"))
    lines = f"\n    zh: {scalars.texts(zh)}\n    en: {scalars.texts(en, quoted=True)}"
    return fields.put_raw(text, ("do",), lines, ORDER)


def _with_deadline(text: str, old: Due, new: Due) -> str:
    if old == new:
        return text
    said = {name: getattr(new, name) for name in _DEADLINE}
    if not any(said.values()):
        return fields.drop(text, ("deadline",))
    if isinstance(fields.node_at(text, ("deadline",)), Mapping) and said["hours"] and said["clock"]:
        for name in _DEADLINE:
            text = _with_text(text, ("deadline", name), getattr(old, name), said[name], _DEADLINE)
        return text
    inside = ", ".join(f"{name}: {scalars.scalar(value, flow=True)}" for name, value in said.items() if value)
    return fields.put_raw(text, ("deadline",), f"{{{inside}}}", ORDER)

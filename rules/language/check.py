"""Names and units: from the parsed tree to a checked expression.

Every number gets a unit while it is checked; two sides of a comparison, a sum or a function are brought to the unit of
the first that has one. A number without a unit is a plain number, and a measurement never compares with it unless it
has no unit either: ``current > 2`` is refused, because 2 what? All faults of an expression are collected, not the
first.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from core.findings import DID_YOU_MEAN, USE_ONE_OF, Kind
from core.places import FacilityClass, Measurement, PointKind, Relation
from core.rates import ALL_UNITS
from core.units import UNITS, Unit
from rules.bounds import LEARNING_MS
from rules.expression import (
    Apply,
    Attribute,
    Between,
    Compare,
    Connect,
    Const,
    Derived,
    Grouped,
    Load,
    Measured,
    Number,
    OfParent,
    OnCalendar,
    Scale,
    Truth,
    Windowed,
    WindowedOver,
    inner_operands,
)
from rules.language import condition_findings as kinds
from rules.language import surroundings, syntax
from rules.language.conversion import Report, Stop, Typed, scaled
from rules.language.reaching import SECOND_MS, Reaching
from rules.operators import ARITHMETIC, COMPARISONS, CONNECTIVES, FUNCTIONS, GROUPS, RANGE_TESTS, WINDOWS
from rules.operators.at_least import at_least
from rules.operators.kinds import Takes, WindowAggregate
from rules.operators.units import PLAIN
from rules.operators.weekly import WeeklyAggregate


class Checker(Reaching):
    """Checks the expressions of one class of facilities; faults go to ``report``."""

    def __init__(
        self, facility_class: FacilityClass, report: Report, classes: Mapping[str, FacilityClass] | None = None
    ) -> None:
        """Check against the measurements of ``facility_class``, and of ``classes``, of which any may be a parent's."""
        super().__init__(facility_class, report, classes or {})
        self._attributes = facility_class.attributes

    def condition(self, node: syntax.Node) -> Truth | None:
        """The checked condition, or None if something in it was reported."""
        try:
            return self._truth(node)
        except Stop:
            return None

    # --- truth ------------------------------------------------------------------------------------------------

    def _truth(self, node: syntax.Node) -> Truth:
        if isinstance(node, syntax.Infix) and node.word in CONNECTIVES:
            left, right = self.condition(node.left), self.condition(node.right)
            if left is None or right is None:
                raise Stop
            return Connect(CONNECTIVES[node.word], (left, right))
        if isinstance(node, syntax.Prefix) and node.word == "not":
            return Connect(CONNECTIVES["not"], (self._truth(node.operand),))
        if isinstance(node, syntax.CalendarTerm):
            self._outside_groups(node.at, node.term)
            return surroundings.on_calendar(node.term)
        if isinstance(node, syntax.Call) and node.name in surroundings.QUESTIONS:
            if node.name == surroundings.KNOWN:
                self._outside_windows(node.at, "known(…)")
            self._outside_groups(node.at, f"{node.name}(…)")
            return surroundings.answered(node.name, self._asked(node).key)
        if isinstance(node, syntax.Infix) and node.word in COMPARISONS:
            special = self._special(node)
            if special is not None:
                return special
            left_number, right_number = self._common(node.at, node.left, node.right)[0]
            self._needs_operand(node, left_number, right_number)
            return Compare(COMPARISONS[node.word], left_number, right_number)
        if isinstance(node, syntax.RangeOf):
            (value, low, high), _ = self._common(node.at, node.value, node.low, node.high)
            self._needs_operand(node, value, low, high)
            if isinstance(low, Const) and isinstance(high, Const) and low.value > high.value:
                raise self._fault(node.at, kinds.BACKWARD_RANGE)
            return Between(RANGE_TESTS[node.word], value, low, high)
        if isinstance(node, syntax.Forecast):
            return self._forecast(node)
        if isinstance(node, syntax.AtLeast):
            return self._vote(node)
        if isinstance(node, syntax.Call) and node.name in WINDOWS and WINDOWS[node.name].is_truth:
            return Compare(COMPARISONS["=="], self._window(node).number, Const(1.0))
        if self._says_yes_or_no(node):
            return Compare(COMPARISONS["=="], self._number(node).number, Const(1.0))
        raise self._fault(node.at, kinds.NUMBER_ALONE)

    def _special(self, node: syntax.Infix) -> Truth | None:
        """A comparison with an age or with a text, which are not compared as other numbers are."""
        sides = (node.left, node.right)
        if any(isinstance(side, syntax.Text) for side in sides):
            return self._text(node, *(sides if isinstance(node.right, syntax.Text) else sides[::-1]))
        if any(surroundings.is_age(side) for side in sides):
            return self._age(node)
        return None

    def _text(self, node: syntax.Infix, asked: syntax.Node, text: syntax.Node) -> Truth:
        if not isinstance(asked, syntax.FacilityAttribute) or asked.unit or node.word not in {"==", "!="}:
            raise self._fault(node.at, kinds.TEXT_COMPARED)
        if self._grouping:
            raise self._fault(asked.at, kinds.NOT_IN_GROUP, value=f"facility.{asked.name}")
        assert isinstance(text, syntax.Text)
        return surroundings.text_is(asked.name, text.text, equal=node.word == "==")

    def _age(self, node: syntax.Infix) -> Truth:
        word, call, limit = node.word, node.left, node.right
        if not surroundings.is_age(call):
            word, call, limit = surroundings.flipped(word), limit, call
        if word in {"==", "!="} or not isinstance(limit, syntax.Quantity):
            raise self._fault(node.at, kinds.AGE_COMPARED)
        assert isinstance(call, syntax.Call)
        self._outside_windows(call.at, "age(…)")
        key, limit_ms = self._asked(call).key, self.duration_ms(limit)
        if not SECOND_MS <= limit_ms <= surroundings.MAX_AGE_MS:
            raise self._fault(limit.at, kinds.AGE_LIMIT)
        return surroundings.aged(key, word, limit_ms)

    def _asked(self, node: syntax.Call) -> Measurement:
        """The one measurement a question is about."""
        if node.window is not None:
            raise self._fault(node.at, kinds.TAKES_NO_WINDOW, value=node.name, known=", ".join(WINDOWS))
        if len(node.args) != 1 or not isinstance(node.args[0], syntax.Name):
            raise self._fault(node.at, kinds.ASKS_OF_ONE, value=node.name)
        return self._measurement(node.args[0])

    def _needs_operand(self, node: syntax.Node, *sides: Number) -> None:
        if not any(_reads(side) for side in sides):
            raise self._fault(node.at, kinds.NO_OPERAND)
        if (self._in_window or self._grouping) and not any(_reads_measurement(side) for side in sides):
            raise self._fault(
                node.at, kinds.WINDOW_WITHOUT_READINGS if self._in_window else kinds.GROUP_WITHOUT_READINGS
            )

    def _vote(self, node: syntax.AtLeast) -> Truth:
        parts = [self.condition(part) for part in node.parts]
        if node.count not in range(1, len(parts) + 1):
            raise self._fault(node.at, kinds.VOTE_NUMBER, parts=len(parts), count=node.count)
        sound = tuple(part for part in parts if part is not None)
        if len(sound) < len(parts):
            raise Stop
        return Connect(at_least(int(node.count)), sound)

    def _forecast(self, node: syntax.Forecast) -> Truth:
        """Beyond the limit now, or after some time if the value goes on as it did over the window."""
        if len(node.args) != 2:
            raise self._fault(node.at, kinds.FORECAST_OF_TWO, value=node.name)
        (value, limit), _ = self._common(node.at, *node.args)
        if not _reads_measurement(value):
            raise self._fault(node.at, kinds.FORECAST_OF_TWO, value=node.name)
        window = node.window if node.window is not None else node.within
        slope = self._window(syntax.Call(node.at, "slope", node.args[:1], window))
        ahead_s = self._width_ms(node.within) / 1000
        later = Apply(ARITHMETIC["+"], (value, scaled(slope.number, ahead_s, 0.0)))
        beyond = COMPARISONS[">=" if node.name == "reaches" else "<="]
        return Connect(CONNECTIVES["or"], (Compare(beyond, value, limit), Compare(beyond, later, limit)))

    # --- numbers ----------------------------------------------------------------------------------------------

    def _common(self, at: int, *nodes: syntax.Node) -> tuple[tuple[Number, ...], Unit]:
        """The numbers of several nodes in one unit: that of the first that is neither a constant nor unit-less."""
        typed = [self._try_number(node) for node in nodes]
        sides = [side for side in typed if side is not None]
        if len(sides) < len(typed):
            raise Stop
        leading = [side.unit for side in sides if side.unit and not isinstance(side.number, Const)]
        fallback = [side.unit for side in sides if side.unit]
        unit = (leading or fallback or [PLAIN])[0]
        return tuple(self._converted(at, side, unit) for side in sides), unit

    def _try_number(self, node: syntax.Node) -> Typed | None:
        try:
            return self._number(node)
        except Stop:
            return None

    def _number(self, node: syntax.Node) -> Typed:
        match node:
            case syntax.Quantity():
                return Typed(Const(node.value), ALL_UNITS[node.unit or "1"])
            case syntax.Name():
                measurement = self._measurement(node)
                return Typed(Load(Measured(measurement.key)), UNITS[measurement.unit])
            case syntax.FacilityAttribute():
                return Typed(Attribute(node.name), ALL_UNITS[node.unit] if node.unit else None)
            case syntax.ClassAttribute():
                return self._class_attribute(node)
            case syntax.CalendarTerm():
                raise self._fault(node.at, kinds.TERM_AS_NUMBER, value=node.term)
            case syntax.Text():
                raise self._fault(node.at, kinds.TEXT_COMPARED)
            case syntax.Call(name=surroundings.AGE):
                raise self._fault(node.at, kinds.AGE_COMPARED)
            case syntax.Call(name=name) if name in surroundings.QUESTIONS:
                raise self._fault(node.at, kinds.TERM_AS_NUMBER, value=f"{name}(…)")
            case syntax.Call(name=name) if name in WINDOWS and WINDOWS[name].is_truth:
                raise self._fault(node.at, kinds.CONDITION_AS_NUMBER)
            case syntax.Call(window=None):
                return self._function(node)
            case syntax.Call():
                return self._window(node)
            case syntax.ParentName():
                measurement = self._of_parent(node)
                return Typed(Load(OfParent(Measured(node.name), measurement.unit)), UNITS[measurement.unit])
            case syntax.OfGroup():
                return self._group(node)
            case syntax.Infix(word=word) if word in ARITHMETIC:
                return self._arithmetic(node)
            case syntax.Prefix(word="-"):
                return self._minus(node)
            case _:
                raise self._fault(node.at, kinds.CONDITION_AS_NUMBER)

    def _class_attribute(self, node: syntax.ClassAttribute) -> Typed:
        """What the class says of all its facilities: a constant."""
        value = self._attributes.get(node.name)
        if not isinstance(value, int | float):
            near = difflib.get_close_matches(node.name, self._attributes, n=1, cutoff=0.5)
            known = ", ".join(self._attributes)
            hint = (
                DID_YOU_MEAN(near=near[0]) if near else kinds.CLASS_SAYS(known=known) if known else kinds.NO_DEFAULTS()
            )
            raise self._fault(node.at, kinds.NO_CLASS_ATTRIBUTE, class_id=self._class_id, value=node.name, hint=hint)
        return Typed(Const(float(value)), UNITS[node.unit] if node.unit else None)

    def _function(self, node: syntax.Call) -> Typed:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise self._fault(node.at, _missing(node.name), value=node.name)
        if not function.least <= len(node.args) <= function.most:
            if node.name in WINDOWS and len(node.args) == 1:
                hint = kinds.WINDOW_FORM(value=node.name)
            else:
                hint = kinds.GIVE_COUNT(least=function.least, most=function.most)
            raise self._fault(node.at, kinds.WRONG_COUNT, value=node.name, count=len(node.args), hint=hint)
        args, unit = self._common(node.at, *node.args)
        return Typed(Apply(function, args), self._unit_of(node.at, function.unit, (unit,)))

    def _window(self, node: syntax.Call) -> Typed:
        window, aggregate = node.window, WINDOWS.get(node.name)
        if aggregate is None:
            raise self._fault(node.at, kinds.TAKES_NO_WINDOW, value=node.name, known=", ".join(WINDOWS))
        if window is None:
            raise self._fault(node.at, _missing(node.name), value=node.name)
        if self._in_window:
            raise self._fault(node.at, kinds.WINDOW_IN_WINDOW)
        if len(node.args) != 1:
            example = "current > 2 A" if aggregate.takes is Takes.CONDITION else "level"
            raise self._fault(node.at, kinds.WINDOW_OF_ONE, value=node.name, example=example)
        if isinstance(node.args[0], syntax.ParentName):
            self._whole_weeks(node, aggregate, self._width_ms(window))
            return self._window_of_parent(node, node.args[0], aggregate, window)
        self._in_window = True
        try:
            source, unit = self._source(node, node.args[0], aggregate)
        finally:
            self._in_window = False
        window_ms = self._width_ms(window)
        self._whole_weeks(node, aggregate, window_ms)
        if isinstance(source, Measured):
            operand: Windowed | WindowedOver = Windowed(source.key, aggregate, window_ms)
        else:
            operand = WindowedOver(source, aggregate, window_ms)
        return Typed(Load(operand), self._unit_of(node.at, aggregate.unit, (unit,)))

    def _whole_weeks(self, node: syntax.Call, aggregate: WindowAggregate, window_ms: int) -> None:
        """What is learned by the hour of the week looks back over weeks."""
        if isinstance(aggregate, WeeklyAggregate) and window_ms not in LEARNING_MS:
            raise self._fault(node.at, kinds.WHOLE_WEEKS, value=node.name)

    def _source(
        self, node: syntax.Call, arg: syntax.Node, aggregate: WindowAggregate
    ) -> tuple[Measured | Derived, Unit]:
        """What a window looks back over, and its unit."""
        if aggregate.takes is Takes.CONDITION:
            if not (_is_condition(arg) or self._says_yes_or_no(arg)):
                raise self._fault(arg.at, kinds.WINDOW_OF_CONDITION, value=node.name)
            condition = self._truth(arg)
            if all(isinstance(operand, OnCalendar) for operand in inner_operands(condition)):
                raise self._fault(arg.at, kinds.WINDOW_WITHOUT_READINGS)
            return Derived(condition), PLAIN
        if isinstance(arg, syntax.Name):
            measurement = self._measurement(arg)
            if aggregate.takes is Takes.COUNTER and measurement.kind is not PointKind.COUNTER:
                raise self._fault(node.at, kinds.WINDOW_OF_COUNTER, value=node.name)
            return Measured(measurement.key), UNITS[measurement.unit]
        if aggregate.takes is Takes.COUNTER:
            raise self._fault(node.at, kinds.WINDOW_OF_COUNTER, value=node.name)
        typed = self._number(arg)
        if not _reads_measurement(typed.number):
            raise self._fault(arg.at, kinds.WINDOW_WITHOUT_READINGS)
        return Derived(typed.number), typed.unit or PLAIN

    # --- across facilities ------------------------------------------------------------------------------------

    def _group(self, node: syntax.OfGroup) -> Typed:
        if self._grouping or self._in_window:
            raise self._fault(node.at, kinds.NESTED_REACH)
        aggregate = GROUPS.get(node.name)
        if aggregate is None:
            raise self._fault(node.at, kinds.TAKES_NO_GROUP, value=node.name, known=", ".join(GROUPS))
        relations = {relation.value: relation for relation in Relation}
        if node.relation not in relations:
            near = difflib.get_close_matches(node.relation, relations, n=1, cutoff=0.5)
            hint = DID_YOU_MEAN(near=near[0]) if near else USE_ONE_OF(known=", ".join(relations))
            raise self._fault(node.relation_at, kinds.NO_GROUP, value=node.relation, hint=hint)
        if len(node.args) != 1:
            hint = kinds.GIVE_COUNT(least=1, most=1)
            raise self._fault(node.at, kinds.WRONG_COUNT, value=node.name, count=len(node.args), hint=hint)
        self._grouping = True
        try:
            inner, unit = self._member(node.args[0], aggregate.of_condition, node)
        finally:
            self._grouping = False
        grouped = Grouped(aggregate, inner, relations[node.relation])
        return Typed(Load(grouped), self._unit_of(node.at, aggregate.unit, (unit,)))

    def _member(self, arg: syntax.Node, of_condition: bool, node: syntax.OfGroup) -> tuple[Number | Truth, Unit]:
        """What is read of each member, and its unit."""
        if of_condition:
            if not (_is_condition(arg) or self._says_yes_or_no(arg)):
                raise self._fault(arg.at, kinds.GROUP_COUNTS, value=node.name)
            return self._truth(arg), PLAIN
        if _is_condition(arg):
            raise self._fault(arg.at, kinds.GROUP_MEASURES, value=node.name)
        typed = self._number(arg)
        if not _reads_measurement(typed.number):
            raise self._fault(arg.at, kinds.GROUP_WITHOUT_READINGS)
        return typed.number, typed.unit or PLAIN

    def _arithmetic(self, node: syntax.Infix) -> Typed:
        operator = ARITHMETIC[node.word]
        if not operator.scales:
            left, right = self._try_number(node.left), self._try_number(node.right)
            if left is None or right is None:
                raise Stop
            if left.unit is None and right.unit is None:
                return Typed(Apply(operator, (left.number, right.number)), None)
            units = (left.unit or right.unit or PLAIN, right.unit or left.unit or PLAIN)
            unit = self._unit_of(node.at, operator.unit, units)
            return Typed(Apply(operator, self._addends(node.at, left, right, units)), unit)
        left, right = self._number(node.left), self._number(node.right)
        sides = (left.unit or PLAIN, right.unit or PLAIN)
        unit = self._unit_of(node.at, operator.unit, sides)
        numbers = [self._plain(node.at, side) for side in (left, right)]
        if sides[1].dimension != PLAIN.dimension and sides[0].dimension == sides[1].dimension:
            numbers[1] = self._converted(node.at, right, sides[0])
        if unit.dimension == PLAIN.dimension:
            unit = PLAIN
        return Typed(Apply(operator, tuple(numbers)), unit)

    def _addends(self, at: int, left: Typed, right: Typed, units: tuple[Unit, Unit]) -> tuple[Number, Number]:
        """Both sides of a sum in the left unit; a difference beside a temperature stays a difference."""
        target = units[0]
        if bool(units[0].offset) != bool(units[1].offset):
            base = UNITS["K"]
            if units[0].offset:
                factor = units[1].factor / (base.factor * units[0].factor)
                return left.number, scaled(right.number, factor, 0.0)
            factor = units[0].factor / (base.factor * units[1].factor)
            return scaled(left.number, factor, 0.0), right.number
        if units[0].offset and units[1].offset:
            kelvin = UNITS["K"]
            return self._converted(at, left, kelvin), self._converted(at, right, kelvin)
        return left.number, self._converted(at, right, target)

    def _minus(self, node: syntax.Prefix) -> Typed:
        inner = self._number(node.operand)
        if isinstance(inner.number, Const):
            return Typed(Const(-inner.number.value), inner.unit)
        if inner.unit and inner.unit.offset:
            raise self._fault(node.at, kinds.NO_OPPOSITE)
        return Typed(scaled(inner.number, -1.0, 0.0), inner.unit)


def _missing(name: str) -> Kind:
    """What an aggregate without window and group lacks."""
    if name in WINDOWS:
        return kinds.NEEDS_EITHER if name in GROUPS else kinds.NEEDS_WINDOW
    return kinds.NEEDS_GROUP


def _reads(number: Number) -> bool:
    if isinstance(number, Apply):
        return any(_reads(arg) for arg in number.args)
    return isinstance(number, Load | Attribute) or (isinstance(number, Scale) and _reads(number.child))


def _reads_measurement(number: Number) -> bool:
    if isinstance(number, Apply):
        return any(_reads_measurement(arg) for arg in number.args)
    return isinstance(number, Load) or (isinstance(number, Scale) and _reads_measurement(number.child))


def _is_condition(node: syntax.Node) -> bool:
    if isinstance(node, syntax.Infix):
        return node.word in COMPARISONS or node.word in CONNECTIVES
    if isinstance(node, syntax.Call):
        return node.name in surroundings.QUESTIONS or (node.name in WINDOWS and WINDOWS[node.name].is_truth)
    return isinstance(node, syntax.RangeOf | syntax.Forecast | syntax.AtLeast | syntax.CalendarTerm) or (
        isinstance(node, syntax.Prefix) and node.word == "not"
    )

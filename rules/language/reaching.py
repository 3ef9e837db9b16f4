"""What of a check concerns names of measurements: one's own, those of parents, and windows over these."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from core.findings import DID_YOU_MEAN
from core.places import FacilityClass, Measurement, PointKind
from core.units import UNITS
from rules.bounds import MAX_WINDOW_MS
from rules.expression import Load, OfParent, Windowed
from rules.language import condition_findings as kinds
from rules.language import syntax
from rules.language.conversion import Report, Typed, Units
from rules.operators.kinds import Takes, WindowAggregate

SECOND_MS = 1000


class Reaching(Units):
    """Names of measurements, one's own and parents', and what windows and groups do not look at."""

    def __init__(self, facility_class: FacilityClass, report: Report, classes: Mapping[str, FacilityClass]) -> None:
        """The measurements are those of ``facility_class``; parents may be of any of ``classes``."""
        super().__init__(report)
        self._class_id = facility_class.id
        self._measurements: Mapping[str, Measurement] = facility_class.measurements
        self._classes = classes
        self._grouping = False
        self._in_window = False

    def _outside_windows(self, at: int, value: str) -> None:
        """Windows look back over readings, not over how old they are or that there are none."""
        if self._in_window:
            raise self._fault(at, kinds.NOT_IN_WINDOW, value=value)
        self._outside_groups(at, value)

    def _outside_groups(self, at: int, value: str) -> None:
        """Groups look at what is measured."""
        if self._grouping:
            raise self._fault(at, kinds.NOT_IN_GROUP, value=value)

    def _measurement(self, node: syntax.Name) -> Measurement:
        measurement = self._measurements.get(node.name)
        if measurement is None:
            near = difflib.get_close_matches(node.name, self._measurements, n=1, cutoff=0.5)
            hint = DID_YOU_MEAN(near=near[0]) if near else kinds.IT_HAS(known=", ".join(self._measurements))
            raise self._fault(node.at, kinds.NO_MEASUREMENT, class_id=self._class_id, value=node.name, hint=hint)
        if measurement.unit not in UNITS:
            raise self._fault(node.at, kinds.CLASS_WITH_STRANGE_UNIT, value=node.name, unit=measurement.unit)
        return measurement

    def _says_yes_or_no(self, node: syntax.Node) -> bool:
        """A measurement that is a condition by itself, as ``door_open`` or ``parent.mains``: it holds when it is 1."""
        if isinstance(node, syntax.Name):
            return self._measurement(node).says_yes_or_no
        return isinstance(node, syntax.ParentName) and self._parent_says_yes_or_no(node)

    def _of_parent(self, node: syntax.ParentName) -> Measurement:
        """The measurement of some class that bears the name; all classes that have it must mean the same quantity."""
        if self._grouping or self._in_window:
            raise self._fault(node.at, kinds.NESTED_REACH)
        found = {
            name: one.measurements[node.name]
            for name, one in sorted(self._classes.items())
            if node.name in one.measurements
        }
        if not found:
            every = sorted({key for one in self._classes.values() for key in one.measurements})
            near = difflib.get_close_matches(node.name, every, n=1, cutoff=0.5)
            hint = DID_YOU_MEAN(near=near[0]) if near else kinds.PARENTS_MEASURE()
            raise self._fault(node.at, kinds.NO_PARENT_MEASUREMENT, value=node.name, hint=hint)
        first = next(iter(found.values()))
        for one in found.values():
            if one.unit not in UNITS:
                raise self._fault(node.at, kinds.CLASS_WITH_STRANGE_UNIT, value=node.name, unit=one.unit)
            if UNITS[one.unit].dimension != UNITS[first.unit].dimension:
                known = ", ".join(f"{name} ({other.unit})" for name, other in found.items())
                raise self._fault(node.at, kinds.PARENTS_DIFFER, value=node.name, known=known)
        return first

    def _parent_says_yes_or_no(self, node: syntax.ParentName) -> bool:
        """Whether the measurement is yes or no in every class that has it."""
        self._of_parent(node)
        named = (one.measurements.get(node.name) for one in self._classes.values())
        return all(one.says_yes_or_no for one in named if one is not None)

    def _window_of_parent(
        self, node: syntax.Call, read: syntax.ParentName, aggregate: WindowAggregate, window: syntax.Quantity
    ) -> Typed:
        """An aggregate over one measurement of the parent."""
        if aggregate.takes is Takes.CONDITION:
            raise self._fault(read.at, kinds.WINDOW_OF_CONDITION, value=node.name)
        measurement = self._of_parent(read)
        if aggregate.takes is Takes.COUNTER and measurement.kind is not PointKind.COUNTER:
            raise self._fault(node.at, kinds.WINDOW_OF_COUNTER, value=node.name)
        unit = self._unit_of(node.at, aggregate.unit, (UNITS[measurement.unit],))
        operand = Windowed(read.name, aggregate, self._width_ms(window))
        return Typed(Load(OfParent(operand, measurement.unit)), unit)

    def _width_ms(self, window: syntax.Quantity) -> int:
        window_ms = self.duration_ms(window)
        if not SECOND_MS <= window_ms <= MAX_WINDOW_MS:
            raise self._fault(window.at, kinds.WINDOW_WIDTH)
        return window_ms

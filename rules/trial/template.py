"""Templates of scenarios: one entry for every measurement it names, as a template of the book is one rule for each.

In all texts and keys of an entry with ``for_each`` ``{class}`` is the class, ``{x}`` the measurement, ``{name}`` what
people call it in the language of the text; what stands behind the measurement, a map of words to texts, is filled in by
its words. The scenario's name is that of the entry with class and measurement behind it. Faults are told where they
were written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from core.places import FacilityClass
from rules.language.document import Filled, Place
from rules.language.template import FOR_EACH, fill, names_of
from rules.trial import findings as kinds
from rules.trial.fields import near


def expanded(
    place: Place, facility_class: FacilityClass, classes: Mapping[str, FacilityClass]
) -> Iterator[tuple[FacilityClass, Place]]:
    """The scenarios that an entry stands for, each with its class: itself, unless it is a template.

    Args:
        place: the entry.
        facility_class: of the file.
        classes: by name.
    """
    if not place.has(FOR_EACH):
        yield facility_class, place
        return
    targets = next(value for name, value in place.node.value if name.value == FOR_EACH)
    for class_id, class_place, measurements in place.at(targets).entries():
        if class_id not in classes:
            class_place.fault(kinds.NO_CLASS, value=class_id, hint=near(class_id, classes))
            continue
        mine = classes[class_id]
        for key, key_place, behind in measurements.entries():
            if key in mine.measurements:
                yield mine, _filled(place, mine, key, _values(behind))
            else:
                hint = near(key, mine.measurements)
                key_place.fault(kinds.NO_MEASUREMENT, class_id=class_id, value=key, hint=hint)


def _values(behind: Place) -> dict[str, str]:
    return {} if behind.is_null() else {word: value.text() or "" for word, _, value in behind.entries()}


def _filled(place: Place, facility_class: FacilityClass, key: str, values: Mapping[str, str]) -> Place:
    """The entry with its placeholders filled in for one measurement."""
    known = {"class": facility_class.id, "x": key, **values}
    names = names_of(facility_class, key)
    nodes = []
    for field, value in place.node.value:
        if field.value == FOR_EACH:
            continue
        filled = fill(place, value, known, names, "")
        if field.value == "name" and isinstance(filled, yaml.nodes.ScalarNode):
            filled = Filled(filled, [(str(filled.value), 0), (f".{facility_class.id}.{key}", None)])
        nodes.append((field, filled))
    mapping = yaml.nodes.MappingNode(place.node.tag, nodes, place.node.start_mark, place.node.end_mark)
    return place.at(mapping)

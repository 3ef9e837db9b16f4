"""Templates: one entry of a rule file for many measurements.

An entry with ``for_each`` stands for one rule for each class and measurement that it names. In its texts ``{x}`` is the
measurement, ``{name}`` what people call it in the language of the text, and ``{limit}`` what stands behind the
measurement. The rule's id is that of the entry with class and measurement behind it. Faults are told where they were
written, in the template.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import yaml

from core.findings import DID_YOU_MEAN
from core.places import FacilityClass
from rules.language import condition_findings as wrong
from rules.language import findings as kinds
from rules.language.document import Filled, Node, Place

FOR_EACH = "for_each"
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_LANGUAGES = ("zh", "en")


def expanded(place: Place, classes: Mapping[str, FacilityClass]) -> Iterator[Place]:
    """The entries that an entry of a rule file stands for: itself, unless it is a template."""
    if not place.has(FOR_EACH):
        yield place
        return
    fields = {str(key.value): (key, value) for key, value in place.node.value}
    if "class" in fields:
        place.at(fields["class"][0]).fault(kinds.TEMPLATE_WITH_CLASS)
        return
    for class_id, class_place, measurements in place.at(fields[FOR_EACH][1]).entries():
        facility_class = classes.get(class_id)
        for key, key_place, limit in measurements.entries():
            if facility_class is not None and key not in facility_class.measurements:
                near = difflib.get_close_matches(key, facility_class.measurements, n=1, cutoff=0.5)
                known = ", ".join(facility_class.measurements)
                hint = DID_YOU_MEAN(near=near[0]) if near else wrong.IT_HAS(known=known)
                key_place.fault(wrong.NO_MEASUREMENT, class_id=class_id, value=key, hint=hint)
                continue
            values = {"x": key}
            if not limit.is_null():
                values["limit"] = limit.text() or ""
            names = dict.fromkeys(_LANGUAGES, key) if facility_class is None else names_of(facility_class, key)
            yield _filled(place, (class_id, class_place, key), values, names)


def names_of(facility_class: FacilityClass, key: str) -> Mapping[str, str]:
    """What people call a measurement, by language."""
    name = facility_class.measurements[key].name
    return {language: name.in_language(language) for language in _LANGUAGES}


def _filled(place: Place, of: tuple[str, Place, str], values: Mapping[str, str], names: Mapping[str, str]) -> Place:
    """The entry with its placeholders filled in for one measurement of a class."""
    class_id, class_place, key = of
    entries = [(name, value) for name, value in place.node.value if name.value != FOR_EACH]
    nodes = [(name, fill(place, value, values, names, "")) for name, value in entries]
    for number, (name, value) in enumerate(nodes):
        if name.value == "id" and isinstance(value, yaml.nodes.ScalarNode):
            nodes[number] = (name, Filled(value, [(str(value.value), 0), (f".{class_id}.{key}", None)]))
    name = yaml.nodes.ScalarNode("tag:yaml.org,2002:str", "class", class_place.node.start_mark)
    nodes.append((name, class_place.node))
    return place.at(yaml.nodes.MappingNode(place.node.tag, nodes, place.node.start_mark, place.node.end_mark))


def fill(place: Place, node: Node, values: Mapping[str, str], names: Mapping[str, str], language: str = "") -> Node:
    """A node with the placeholders of its texts and keys filled in.

    Args:
        place: of the template, where faults are told.
        node: the node.
        values: text by placeholder.
        names: what ``{name}`` stands for by language, in texts of one.
        language: of the texts; empty: of none.
    """
    if isinstance(node, yaml.nodes.MappingNode):
        pairs = []
        for name, value in node.value:
            inner = str(name.value) if name.value in _LANGUAGES else language
            pairs.append((fill(place, name, values, names, language), fill(place, value, values, names, inner)))
        return yaml.nodes.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)
    if isinstance(node, yaml.nodes.SequenceNode):
        filled = [fill(place, child, values, names, language) for child in node.value]
        return yaml.nodes.SequenceNode(node.tag, filled, node.start_mark, node.end_mark)
    known = {**values, "name": names[language]} if language in names else values
    return _fill_text(place, node, known)


def _fill_text(place: Place, node: Node, known: Mapping[str, str]) -> Node:
    """A scalar with its placeholders filled in; those that have no value are reported."""
    assert isinstance(node, yaml.nodes.ScalarNode)
    text, done = str(node.value), 0
    parts: list[tuple[str, int | None]] = []
    for found in _PLACEHOLDER.finditer(text):
        if found.group(1) not in known:
            names = ", ".join(f"{{{name}}}" for name in known)
            place.at(node).fault(kinds.NO_PLACEHOLDER, found.start(), value=found.group(), known=names)
            continue
        parts += [(text[done : found.start()], done), (known[found.group(1)], None)]
        done = found.end()
    return node if not parts else Filled(node, [*parts, (text[done:], done)])

"""Reading a YAML file so that every mistake in it is reported at once, each with its line.

``Table`` wraps one mapping of the document. Its methods take a key out, check it and note a finding when it is wrong,
then go on with a harmless stand-in; ``Document.finish`` raises all findings together. Keys that nobody asked for are
findings too, with the nearest known key, because a misspelt option that is silently ignored is the worst kind.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import yaml

from core.errors import Invalid
from core.findings import Finding, Kind
from core.foreign import system_problem, yaml_problem
from gateway import findings

Scalar = str | int | float | bool | None
_C = TypeVar("_C", bound=str)


class Document:
    """One YAML file and what is wrong with it."""

    def __init__(self, text: str, file: str) -> None:
        """Parse ``text``; ``file`` is the name that findings carry.

        Raises:
            Invalid: if it is no YAML mapping at all.
        """
        self.file = file
        self._findings: list[Finding] = []
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            raise Invalid([findings.NO_YAML.at(file, *place, problem=yaml_problem(error))]) from None
        except yaml.YAMLError as error:
            raise Invalid([findings.NO_YAML.at(file, problem=yaml_problem(error))]) from None
        if not isinstance(node, yaml.MappingNode):
            raise Invalid([findings.NO_MAPPING.at(file)])
        self.top = Table(self, node, "")

    @classmethod
    def within(cls, table: Table) -> Document:
        """The table as a document of its own, with findings of its own at the places of the whole."""
        part = cls.__new__(cls)
        part.file = table.document.file
        part._findings = []  # noqa: SLF001 - a document of this class
        part.top = Table(part, table.node, table.path)
        return part

    def note(self, node: yaml.Node, kind: Kind, /, **values: object) -> None:
        """Add a finding at ``node``."""
        mark = node.start_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self._findings.append(kind.at(self.file, *place, **values))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noted so far."""
        return tuple(self._findings)

    def adopt(self, found: Iterable[Finding]) -> None:
        """Take over what was found in another file that this one names."""
        self._findings += found

    def finish(self) -> None:
        """Raise everything that was noted.

        Raises:
            Invalid: with all findings, in the order of the file.
        """
        if self._findings:
            raise Invalid(sorted(self._findings, key=lambda finding: (finding.file, finding.line, finding.column)))


def read(path: Path) -> Document:
    """Open a YAML file.

    Raises:
        Invalid: if it cannot be read or is no YAML mapping.
    """
    return Document(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Invalid: if it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([findings.UNREADABLE.at(str(path), problem=system_problem(error))]) from None


class Table:
    """One mapping of the document; each key is taken once."""

    def __init__(self, document: Document, node: yaml.MappingNode, path: str) -> None:
        """Wrap ``node``; ``path`` says where it hangs (``buses[0]``)."""
        self.document = document
        self.node = node
        self.path = path
        self._items: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._asked: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in self._items:
                document.note(key_node, findings.TWICE, name=self._name(key))
            self._items[key] = (key_node, value_node)

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def note(self, key: str, kind: Kind, /, **values: object) -> None:
        """Add a finding at the value of ``key`` (or at the table, if the key is missing); it names the key itself."""
        pair = self._items.get(key)
        self.document.note(pair[1] if pair else self.node, kind, name=self._name(key), **values)

    def names(self) -> Iterator[str]:
        """All keys, in the order of the file."""
        return iter(self._items)

    def has(self, key: str) -> bool:
        """Whether the key stands there with a value."""
        pair = self._items.get(key)
        return pair is not None and pair[1].tag != "tag:yaml.org,2002:null"

    def raw(self, key: str) -> str:
        """The scalar as it is written; empty if there is none."""
        pair = self._items.get(key)
        return str(pair[1].value) if pair and isinstance(pair[1], yaml.ScalarNode) else ""

    def is_table(self, key: str) -> bool:
        """Whether the value is a mapping."""
        pair = self._items.get(key)
        return pair is not None and isinstance(pair[1], yaml.MappingNode)

    def skip(self, key: str) -> None:
        """The key was looked at and judged already."""
        self._asked.add(key)

    def _take(self, key: str, required: bool) -> yaml.Node | None:
        self._asked.add(key)
        if self.has(key):
            return self._items[key][1]
        if required:
            self.note(key, findings.MISSING, key=key)
        return None

    def _scalar(self, key: str, required: bool) -> Scalar:
        node = self._take(key, required)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.note(key, findings.NOT_ONE_VALUE)
            return None
        return _constructed(node)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default the key must be there."""
        value = self._scalar(key, default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str):
            self.note(key, findings.NOT_TEXT, value=value)
            return default or ""
        return value

    def choice(self, key: str, choices: Collection[_C], default: _C | None = None) -> _C:
        """One of ``choices``."""
        value = self._scalar(key, default is None)
        first = default if default is not None else next(iter(choices))
        if value is None:
            return first
        for choice in choices:
            if choice == value:
                return choice
        self.note(key, findings.NOT_A_CHOICE, value=value, known=", ".join(choices))
        return first

    def number(
        self, key: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """A finite number within ``low`` and ``high``."""
        value = self._scalar(key, default is None)
        stand_in = default if default is not None else max(low, min(high, 1.0))
        if value is None:
            return stand_in
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            self.note(key, findings.NOT_A_NUMBER, value=value)
            return stand_in
        if not low <= value <= high:
            self.note(key, findings.OUT_OF_RANGE, value=value, low=low, high=high)
            return stand_in
        return float(value)

    def integer(self, key: str, default: int | None = None, *, low: int, high: int) -> int:
        """A whole number within ``low`` and ``high``; hexadecimal is allowed."""
        value = self._scalar(key, default is None)
        stand_in = default if default is not None else low
        if value is None:
            return stand_in
        if isinstance(value, bool) or not isinstance(value, int):
            self.note(key, findings.NOT_WHOLE, value=value)
            return stand_in
        if not low <= value <= high:
            self.note(key, findings.OUT_OF_RANGE, value=value, low=low, high=high)
            return stand_in
        return value

    def flag(self, key: str, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self._scalar(key, False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.note(key, findings.NOT_A_FLAG, value=value)
            return default
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; missing is empty."""
        node = self._take(key, False)
        if node is None:
            return ()
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values = [_constructed(item) if isinstance(item, yaml.ScalarNode) else None for item in nodes]
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            self.note(key, findings.NOT_WHOLE_NUMBERS)
            return ()
        return tuple(value for value in values if isinstance(value, int))

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts; missing is empty."""
        node = self._take(key, False)
        if node is None:
            return ()
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values = [_constructed(item) if isinstance(item, yaml.ScalarNode) else None for item in nodes]
        if not all(isinstance(value, str) for value in values):
            self.note(key, findings.NOT_TEXTS)
            return ()
        return tuple(value for value in values if isinstance(value, str))

    def table(self, key: str, *, required: bool = True) -> Table | None:
        """A mapping."""
        node = self._take(key, required)
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self.note(key, findings.NOT_A_TABLE)
            return None
        return Table(self.document, node, self._name(key))

    def tables(self, key: str, *, required: bool = True) -> list[Table]:
        """A list of mappings."""
        node = self._take(key, required)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.note(key, findings.NOT_A_LIST)
            return []
        found = []
        for index, item in enumerate(node.value):
            name = f"{self._name(key)}[{index}]"
            if isinstance(item, yaml.MappingNode):
                found.append(Table(self.document, item, name))
            else:
                self.document.note(item, findings.ITEM_NO_TABLE, name=name)
        return found

    def is_list(self, key: str) -> bool:
        """Whether the value is a list."""
        pair = self._items.get(key)
        return pair is not None and isinstance(pair[1], yaml.SequenceNode)

    def one_or_more(self, key: str, *, required: bool = False) -> list[Table]:
        """A mapping, or a list of mappings, as a list; anything else is empty, and noted if ``required``."""
        if self.is_list(key):
            return self.tables(key)
        if self.is_table(key) or required:
            table = self.table(key)
            return [] if table is None else [table]
        return []

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._items.keys() - self._asked:
            near = difflib.get_close_matches(key, self._asked, 1)
            here = ", ".join(sorted(self._asked))
            hint = findings.NEAR_KEY(near=near[0]) if near else findings.KEYS_HERE(known=here)
            self.document.note(self._items[key][0], findings.UNKNOWN, name=self._name(key), hint=hint)


def _constructed(node: yaml.ScalarNode) -> Scalar:
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        return node.value if isinstance(node.value, str) else None
    finally:
        loader.dispose()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(node.value)

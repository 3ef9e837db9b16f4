"""The device part of a gateway's configuration: what may be pushed to it from afar, and when two are the same.

Only buses, adapters and profiles travel. Who the gateway is, where its broker is, with which password it comes and
where its spool lies stay in the file on the machine: a push can neither cut a gateway off nor carry a secret. Two texts
are the same configuration when they say the same, whatever their comments, order of keys and line breaks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from core.configuration import MAX_TEXT_BYTES
from core.errors import Invalid
from core.findings import Finding, Kind
from core.foreign import yaml_problem
from gateway import findings

PARTS: Final = ("buses", "adapters", "profiles")
MAX_NODES: Final = 200_000
MAX_DEPTH: Final = 24
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECRET_KEY = re.compile(r"(?i)(^|_)(user|username|password|passwd|passphrase|secret|token|api_?key)(_|$)")
_FREE_NAMES = frozenset({"points", "fields", "states", "registers", "profiles"})
"""Below these, keys are names of registers, fields and states: a meter may well have a register ``token``."""
_SECRET_VALUE = re.compile(r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----")


def check_part(text: str, file: str = "") -> None:
    """Refuse a text that may not be pushed; whether it works is for the gateway to say.

    Raises:
        Invalid: with everything that is wrong, each with its line.
    """
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise Invalid([findings.TOO_LARGE.at(file, size=len(text.encode()), most=MAX_TEXT_BYTES)])
    root = _composed(text, file)
    if root is None:
        return
    found = [*_foreign_keys(root, file), *_secrets(root, file)]
    if found:
        raise Invalid(sorted(found, key=lambda one: (one.line, one.column)))


def content_sha256(text: str) -> str:
    """The hash of what a text says, in hexadecimal; of its bytes where it cannot be read."""
    try:
        root = _composed(text, "")
        data = {} if root is None else _plain(yaml.load(text, Loader=_Loader))  # noqa: S506 - a safe loader
    except (Invalid, yaml.YAMLError, ValueError):
        return hashlib.sha256(text.encode()).hexdigest()
    said = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def device_part(text: str) -> str:
    """The device part of a gateway's own file, as a text that could be pushed: only what is known to hold no secret.

    Raises:
        Invalid: if the text is no YAML.
    """
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise Invalid([findings.NO_YAML.at(problem=yaml_problem(error))]) from None
    own = data if isinstance(data, dict) else {}
    kept: dict[str, object] = {}
    if isinstance(own.get("buses"), list):
        kept["buses"] = own["buses"]
    if isinstance(own.get("adapters"), list):
        kept["adapters"] = [_without_broker(item) for item in own["adapters"]]
    return yaml.dump(kept, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120) if kept else ""


def composed(text: str, file: str = "", tangled: Kind = findings.TOO_TANGLED) -> yaml.Node | None:
    """A text from afar as nodes; None when it holds nothing.

    Args:
        text: what came.
        file: its name in findings.
        tangled: what is said of a text that would be larger than it looks.

    Raises:
        Invalid: if it is no YAML, or tangled.
    """
    try:
        refused = _is_tangled(text)
        root = None if refused else yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeEncodeError):  # half of a pair of surrogates is no text
        raise Invalid([_no_yaml(text, file)]) from None
    except RecursionError:
        refused, root = True, None
    if refused or not _is_modest(root):
        raise Invalid([tangled.at(file)])
    return root


def _composed(text: str, file: str) -> yaml.MappingNode | None:
    """The text as nodes; None when it holds nothing.

    Raises:
        Invalid: if it is no mapping, or one that would be larger than it looks.
    """
    root = composed(text, file)
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise Invalid([findings.NOT_A_PART.at(file, root.start_mark.line + 1, 1, name=root.tag.rpartition(":")[2])])
    return root


def _is_tangled(text: str) -> bool:
    """Whether it names a part twice or is nested too deep; looked at before anything is built of it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or isinstance(event, yaml.AliasEvent):
            return True
    return False


def _no_yaml(text: str, file: str) -> Finding:
    """Why it is none, in the words of the reader in Python: those of the fast one are not translated."""
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            continue
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return findings.NO_YAML.at(file, *place, problem=yaml_problem(error))
    except yaml.YAMLError as error:
        return findings.NO_YAML.at(file, problem=yaml_problem(error))
    except RecursionError:
        return findings.TOO_TANGLED.at(file)
    return findings.NO_YAML.at(file, problem="?")


def _is_modest(root: yaml.Node | None) -> bool:
    level, count = [root] if root is not None else [], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        level = [child for node in level for child in _children(node)]
        if not level or count > MAX_NODES:
            return count <= MAX_NODES
    return False


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _foreign_keys(root: yaml.MappingNode, file: str) -> Iterator[Finding]:
    for key, value in root.value:
        if str(key.value) not in PARTS:
            yield findings.NOT_A_PART.at(file, *_place(key), name=str(key.value))
        elif key.value == "adapters" and isinstance(value, yaml.SequenceNode):
            yield from _brokers(value, file)


def _brokers(adapters: yaml.SequenceNode, file: str) -> Iterator[Finding]:
    for index, item in enumerate(adapters.value):
        for name, _ in item.value if isinstance(item, yaml.MappingNode) else ():
            if name.value == "broker":
                yield findings.ADAPTER_BROKER.at(file, *_place(name), name=f"adapters[{index}].broker")


def _secrets(root: yaml.Node, file: str) -> Iterator[Finding]:
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    while waiting:
        node, named_by_people = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not named_by_people and _SECRET_KEY.search(str(key.value)):
                    yield findings.SECRET_HERE.at(file, *_place(key), name=str(key.value))
                waiting.append((value, str(key.value) in _FREE_NAMES))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(item, False) for item in node.value]
        elif _SECRET_VALUE.search(str(node.value)):
            yield findings.SECRET_HERE.at(file, *_place(node), name="…")


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _plain(value: object) -> object:
    """Keys as texts, as the gateway reads them, so that they can be sorted."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _without_broker(item: object) -> object:
    return {key: item[key] for key in ("id", "sources") if key in item} if isinstance(item, dict) else item


class _Plain(yaml.SafeDumper):
    """Writes out what the file names twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whatever it is."""
        return True

"""Reading settings so that everything wrong is reported at once, each with its place and a remedy.

The YAML file is composed to nodes, not loaded, because nodes know their line and column; scalars are then resolved by
YAML's own rules. Environment variables are laid over the file, and the whole is validated in one go. Each complaint is
traced back to the file's line, or to the variable that it came from.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError

from app import findings as kinds
from app.settings import ENVIRONMENT_PREFIX, NESTED_DELIMITER, Settings
from app.settings_section import Contradiction
from core.errors import Invalid
from core.findings import Finding, Kind, Said, Sentence
from core.foreign import pydantic_problem, system_problem, translated, yaml_problem

FILE_NAME = "twingrid.yaml"
SYSTEM_FILE = Path("/etc/twingrid/twingrid.yaml")
CONFIG_VARIABLE = "TWINGRID_CONFIG"
NOT_SETTINGS = frozenset({CONFIG_VARIABLE, "TWINGRID_FAULT", "TWINGRID_TEST_ALL", "TWINGRID_SEED", "TWINGRID_LANG"})
"""Variables of ours that are no settings."""

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
DEFAULT, ENVIRONMENT = "default", "environment"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a value came from: a file with its line, a variable, or the default."""

    kind: str
    name: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``twingrid.yaml:3``, ``TWINGRID_API__PORT`` or ``default``."""
        return f"{self.name}:{self.line}" if self.line else self.name or self.kind


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Valid settings, and where each value that is not a default came from."""

    settings: Settings
    file: Path | None
    origins: Mapping[Path_, Origin]

    def origin(self, path: Path_) -> Origin:
        """Where the value at ``path`` came from."""
        return self.origins.get(path, Origin(kind=DEFAULT))

    def rows(self) -> Iterator[tuple[str, str, Origin]]:
        """Every setting as dotted name, value and origin."""
        for path, value in _leaves(self.settings.model_dump(mode="json")):
            yield ".".join(map(str, path)), str(value), self.origin(path)


@dataclass
class _Reading:
    """What is known while the file is read."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Origin] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def find_file(explicit: Path | None, environment: Mapping[str, str], here: Path) -> Path | None:
    """The settings file that counts: named, ``TWINGRID_CONFIG``, here, or the system's; ``None`` if there is none."""
    if explicit is not None:
        return explicit
    if environment.get(CONFIG_VARIABLE):
        return Path(environment[CONFIG_VARIABLE])
    return next((path for path in (here / FILE_NAME, SYSTEM_FILE) if path.is_file()), None)


def load(
    explicit: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    here: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read and validate the settings.

    Args:
        explicit: the file that was named on the command line.
        environment: variables; those of this process by default.
        here: current folder; the process's by default.
        overrides: values from the command line, nested like the file; they count most.

    Raises:
        Invalid: with everything that is wrong.
    """
    environment = os.environ if environment is None else environment
    here = here or Path.cwd()
    file = find_file(explicit, environment, here)
    reading = _Reading()
    if file is not None:
        _read_file(file, reading)
    variables = _read_environment(environment, reading)
    merged = _merge(_merge(reading.values, variables), dict(overrides or {}))
    base = (file.parent if file else here).resolve()
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        known = not any(finding.code == "TG-0010" for finding in reading.findings)
        if known:  # a file that is no YAML makes every other complaint a guess
            reading.findings += [_finding(details, reading.places, file) for details in error.errors()]
        raise Invalid(_sorted(reading.findings)) from None
    if reading.findings:
        raise Invalid(_sorted(reading.findings))
    return Loaded(settings=_anchored(settings, base), file=file, origins=reading.places)


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.file, finding.line, finding.column))


# --- the file ---------------------------------------------------------------------------------------------------


def _read_file(file: Path, reading: _Reading) -> None:
    def wrong(kind: Kind, mark: yaml.Mark | None = None, **values: object) -> None:
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        reading.findings.append(kind.at(str(file), *place, **values))

    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        wrong(kinds.UNREADABLE, problem=system_problem(error))
    except yaml.YAMLError as error:
        wrong(kinds.NO_YAML, getattr(error, "problem_mark", None), problem=yaml_problem(error))
    else:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            wrong(kinds.NO_MAPPING, node.start_mark)
            return
        reading.values = _value(node, (), str(file), reading)


def _value(node: yaml.Node, path: Path_, file: str, reading: _Reading) -> Any:
    mark = node.start_mark
    if path:
        reading.places.setdefault(path, Origin(kind="file", name=file, line=mark.line + 1, column=mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, file, reading)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, i), file, reading) for i, child in enumerate(node.value)]
    return yaml.SafeLoader("").construct_object(node)


def _mapping(node: yaml.MappingNode, path: Path_, file: str, reading: _Reading) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        mark = key_node.start_mark
        place = Origin(kind="file", name=file, line=mark.line + 1, column=mark.column + 1)
        if key in result:
            name = ".".join(map(str, (*path, key)))
            reading.findings.append(kinds.TWICE.at(file, place.line, place.column, name=name))
        reading.places[(*path, key)] = place
        result[key] = _value(value_node, (*path, key), file, reading)
    return result


# --- the environment --------------------------------------------------------------------------------------------


def _read_environment(environment: Mapping[str, str], reading: _Reading) -> dict[str, Any]:
    known = {_variable(path): path for path in _paths(Settings)}
    mine: dict[str, str] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name in NOT_SETTINGS:
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = kinds.NEAR(near=near[0]) if near else kinds.REMOVE()
            reading.findings.append(kinds.NO_VARIABLE.at(f"${name}", hint=hint))
            continue
        mine[name] = text
    try:
        source = EnvSettingsSource(
            Settings, env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter=NESTED_DELIMITER, case_sensitive=True
        )
        source.env_vars = {name.lower(): text for name, text in mine.items()}
        source.case_sensitive, source.env_prefix = False, ENVIRONMENT_PREFIX.lower()
        values = dict(source())
    except SettingsError as error:
        name = (
            str(error).split('"')[1] if '"' in str(error) else ENVIRONMENT_PREFIX
        )  # error parsing value for field "x"
        problem = translated(kinds.NOT_JSON(name=name).in_language("zh"), str(error.__cause__ or error))
        reading.findings.append(kinds.NO_JSON_LIST.at("$environment", problem=problem))
        return {}
    for name in mine:
        reading.places[known[name]] = Origin(kind=ENVIRONMENT, name=f"${name}")
    return values


def _paths(model: type[BaseModel], prefix: Path_ = ()) -> Iterator[Path_]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _paths(info.annotation, (*prefix, name))
        else:
            yield (*prefix, name)


def _variable(path: Path_) -> str:
    return ENVIRONMENT_PREFIX + NESTED_DELIMITER.join(map(str, path)).upper()


# --- joining and complaining ------------------------------------------------------------------------------------


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _merge(old, value) if both and isinstance(old, Mapping) else value
    return result


def _finding(details: ErrorDetails, places: Mapping[Path_, Origin], file: Path | None) -> Finding:
    path = tuple(details["loc"])
    name = ".".join(map(str, path))
    origin = next((places[path[:n]] for n in range(len(path), 0, -1) if path[:n] in places), None)
    where = (origin.name, origin.line, origin.column) if origin else (str(file or ""), 0, 0)
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, Contradiction):
        return kinds.CONTRADICTION.at(*where, name=name, problem=cause.problem, hint=cause.hint)
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _siblings(path), n=1)
        return kinds.NO_SETTING.at(*where, name=name, hint=kinds.NEAR(near=near[0]) if near else kinds.REMOVE())
    message = f"{details['msg'][:1].lower()}{details['msg'][1:]}"
    problem = pydantic_problem(details["type"], message, details.get("ctx", {}))
    if details["type"] == "missing":
        return kinds.VALUE_MISSING.at(*where, name=name, problem=problem, expected=_expected(details))
    value = details["input"]
    return kinds.WRONG_VALUE.at(*where, name=name, problem=problem, value=value, expected=_expected(details))


def _expected(details: ErrorDetails) -> Said | Sentence:
    expected = details.get("ctx", {}).get("expected")
    if expected is not None:
        return kinds.ONE_OF(choices=expected)
    found = (text for sign, text in kinds.EXPECTED.items() if details["type"].startswith(sign))
    return next(found, kinds.OTHER_VALUE)


def _siblings(path: Path_) -> list[str]:
    model: type[BaseModel] = Settings
    entry: type[BaseModel] | None = None
    for part in path[:-1]:
        if entry is not None:  # a name that the operator has chosen
            model, entry = entry, None
            continue
        info = model.model_fields.get(str(part))
        annotation = info.annotation if info is not None else None
        entry = _entry(annotation)
        if entry is None:
            if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
                return []
            model = annotation
    return list(model.model_fields)


def _entry(annotation: Any) -> type[BaseModel] | None:
    """The model of a mapping's values; ``None`` if it is none of models."""
    values = get_args(annotation)[1:] if get_origin(annotation) in (dict, Mapping) else ()
    found = [one for one in values if isinstance(one, type) and issubclass(one, BaseModel)]
    return found[0] if found else None


def _anchored(settings: Settings, base: Path) -> Settings:
    """The same settings with every relative path made absolute."""
    return _moved(settings, base)


def _moved(model: M, base: Path) -> M:
    """A copy; what does not change stays unset if it was: a channel takes another kind's field for a mistake."""
    moved = {name: _absolute(value, base) for name, value in model}
    return model.model_copy(update={name: value for name, value in moved.items() if value != getattr(model, name)})


def _absolute(value: object, base: Path) -> object:
    if isinstance(value, Path):
        return base / value
    if isinstance(value, BaseModel):
        return _moved(value, base)
    if isinstance(value, tuple):
        return tuple(_absolute(child, base) for child in value)
    if isinstance(value, dict):
        return {name: _absolute(child, base) for name, child in value.items()}
    return value


def _leaves(node: object, path: Path_ = ()) -> Iterator[tuple[Path_, object]]:
    if isinstance(node, dict) and node:
        for key, child in node.items():
            yield from _leaves(child, (*path, str(key)))
    else:
        yield path, node

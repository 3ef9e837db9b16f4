"""The policy file as a value: which operation needs which permission, which role has it.

``policy.yaml`` is the one place where this is said. It is read whole at the door; an operation without an entry, an
entry without an operation, an unknown permission or role stop the server with all findings at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Any

import yaml

from api import findings as kinds
from core.errors import Invalid
from core.findings import Finding, Said
from core.people import Login, Role

ANYONE = "anyone"
SELF = "self"
MACHINE = "machine"
SUPERVISE = "task.supervise"
MACHINE_PERMISSION = "health.see"
"""What the login behind a token must be permitted where otherwise only this machine is let in."""
_SPECIAL = frozenset({ANYONE, SELF, MACHINE})
_FILE = "api/policy.yaml"


class Objects(StrEnum):
    """Which objects an operation reaches."""

    COMMUNITY = "community"
    OWN = "own"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What one operation needs."""

    operation: str
    permission: str
    objects: Objects

    @property
    def open_to_all(self) -> bool:
        """Whether it needs no session."""
        return self.permission in (ANYONE, MACHINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The whole table.

    Attributes:
        operations: what each operation needs.
        roles: what each role may.
        foremen: what whoever the registry marks as supervisor may beside their role.
        scopes: which operations a token of that scope reaches, if its login may.
    """

    operations: Mapping[str, Entry]
    roles: Mapping[Role, frozenset[str]]
    foremen: frozenset[str] = frozenset()
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def permissions_of(self, login: Login) -> frozenset[str]:
        """All that a login may: of its role, and of a supervisor where the registry marks its person as one."""
        return self.roles.get(login.role, frozenset()) | (self.foremen if login.foreman else frozenset())

    def supervises(self, role: Role) -> bool:
        """Whether a role supervises whatever it sees."""
        return SUPERVISE in self.roles.get(role, frozenset())

    def allows(self, permissions: frozenset[str], entry: Entry) -> bool:
        """Whether these permissions suffice for what ``entry`` stands for; anything unknown is refused."""
        return entry.permission == SELF or entry.permission in permissions

    def reached(self, scopes: Iterable[str], operation: str) -> bool:
        """Whether one of these scopes names an operation; a scope that is no more names none."""
        return any(operation in self.scopes.get(scope, ()) for scope in scopes)

    def allows_token(self, permissions: frozenset[str], entry: Entry) -> bool:
        """Whether a token of somebody with these permissions may use it, its scope apart."""
        return MACHINE_PERMISSION in permissions if entry.permission == MACHINE else self.allows(permissions, entry)

    def scopes_of(self, permissions: frozenset[str]) -> Sequence[str]:
        """The scopes of which somebody with these permissions may use at least one operation, sorted."""
        usable = {name for name, entry in self.operations.items() if self.allows_token(permissions, entry)}
        return sorted(scope for scope, names in self.scopes.items() if not usable.isdisjoint(names))

    def check_covers(self, operations: Iterable[str]) -> None:
        """Refuse a table that does not match the routes one to one.

        Raises:
            Invalid: naming every operation without an entry, and every entry without an operation.
        """
        present = set(operations)
        findings = [kinds.NO_ENTRY.at(_FILE, name=name) for name in sorted(present - self.operations.keys())]
        findings += [kinds.NO_OPERATION.at(_FILE, name=name) for name in sorted(self.operations.keys() - present)]
        if findings:
            raise Invalid(findings)


def load() -> Policy:
    """The policy that ships with this version."""
    return parse(resources.files("api").joinpath("policy.yaml").read_text(encoding="utf-8"))


def parse(text: str) -> Policy:
    """Read a policy.

    Raises:
        Invalid: with everything that is wrong.
    """
    findings: list[Finding] = []
    raw: Any = yaml.safe_load(text)
    parts = {key: _mapping(raw, key, findings) for key in ("permissions", "roles", "scopes", "operations")}
    known = {str(name) for name in parts["permissions"]}
    roles = _roles(parts["roles"], known, findings)
    foremen = _mapping(raw, "registry", findings).get("supervisor", [])
    findings += [
        _wrong(kinds.ROLE_PERMISSION(name="supervisor", permission=one)) for one in foremen if one not in known
    ]
    operations = _operations(parts["operations"], known, findings)
    scopes = {str(name): frozenset(map(str, names)) for name, names in parts["scopes"].items()}
    findings += [
        _wrong(kinds.SCOPE_OPERATION(name=name, operation=one))
        for name, names in scopes.items()
        for one in sorted(names - operations.keys())
    ]
    if findings:
        raise Invalid(findings)
    return Policy(operations=operations, roles=roles, foremen=frozenset(foremen), scopes=scopes)


def _mapping(raw: Any, key: str, findings: list[Finding]) -> Mapping[str, Any]:
    part = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(part, dict):
        findings.append(_wrong(kinds.PART_MISSING(name=key)))
        return {}
    return part


def _roles(raw: Mapping[str, Any], known: set[str], findings: list[Finding]) -> dict[Role, frozenset[str]]:
    names = {role.value for role in Role}
    findings += [_wrong(kinds.UNKNOWN_ROLE(name=name)) for name in raw if name not in names]
    findings += [_wrong(kinds.ROLE_MISSING(name=name)) for name in sorted(names - raw.keys())]
    for name, granted in raw.items():
        strange = [item for item in granted if item not in known]
        findings += [_wrong(kinds.ROLE_PERMISSION(name=name, permission=item)) for item in strange]
    return {Role(name): frozenset(granted) for name, granted in raw.items() if name in names}


def _operations(raw: Mapping[str, Any], known: set[str], findings: list[Finding]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    known_objects = {kind.value for kind in Objects}
    for name, row in raw.items():
        permission, objects = (row.get("permission"), row.get("objects")) if isinstance(row, dict) else (None, None)
        if permission not in known | _SPECIAL:
            findings.append(_wrong(kinds.OPERATION_PERMISSION(name=name, permission=permission)))
        elif objects not in known_objects:
            findings.append(_wrong(kinds.OPERATION_OBJECTS(name=name, objects=objects)))
        else:
            entries[name] = Entry(operation=name, permission=str(permission), objects=Objects(objects))
    return entries


def _wrong(problem: Said) -> Finding:
    return kinds.POLICY.at(_FILE, problem=problem)

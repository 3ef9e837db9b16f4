"""Value templates as Home Assistant writes them, read by Jinja's parser and evaluated by us within a closed grammar.

A template comes from the outside (a discovery message of a device), so nothing of Jinja's run time is used: the syntax
tree is walked, and whatever is not in the grammar is refused when the template is read. Allowed: ``value`` and
``value_json`` with members and elements, constants, arithmetic, comparisons, ``and or not``, ``x if c else y``, ``is
defined``, and the filters ``float int round abs default lower upper trim is_defined``. That is what sensors need;
loops, assignments, calls, powers and globals are not in it, so the cost of a template is bounded by its length.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError

from core.errors import Refused
from gateway import findings
from gateway.decoders.base import Value, scalar

MAX_LENGTH: Final = 512
_PARSER: Final = Environment(autoescape=False)
_ARITHMETIC: Final[Mapping[type[nodes.Expr], Callable[[float, float], float]]] = {
    nodes.Add: operator.add,
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
    nodes.Mod: operator.mod,
}
_COMPARISONS: Final[Mapping[str, Callable[[object, object], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": lambda a, b: _number(a) > _number(b),
    "gteq": lambda a, b: _number(a) >= _number(b),
    "lt": lambda a, b: _number(a) < _number(b),
    "lteq": lambda a, b: _number(a) <= _number(b),
}
_FILTERS: Final[Mapping[str, int]] = {
    "float": 1, "int": 1, "round": 2, "abs": 0, "default": 1, "lower": 0, "upper": 0, "trim": 0, "is_defined": 0,
}  # fmt: skip
"""Filters and how many arguments each may have."""


class _Missing:
    """What a member that is not there comes to."""


_MISSING: Final = _Missing()


class _NoValueError(Exception):
    """The template has no value for this payload."""


class Template:
    """One value template."""

    def __init__(self, text: str) -> None:
        """Read a template.

        Raises:
            Refused: if it is too long, no template, or uses what is not in the grammar.
        """
        if len(text) > MAX_LENGTH:
            raise Refused(findings.TEMPLATE_TOO_LONG(count=len(text), most=MAX_LENGTH))
        try:
            tree = _PARSER.parse(text)
        except (TemplateSyntaxError, RecursionError):
            raise Refused(findings.TEMPLATE_UNREADABLE(text=text[:60])) from None
        self._expression = _single(tree, text)
        _check(self._expression, text)

    def value(self, document: object, raw: str = "") -> Value | None:
        """What the template makes of a payload; None if what it reads is not there or is no number where one is due.

        Args:
            document: the parsed payload, ``value_json``.
            raw: the payload as text, ``value``.
        """
        try:
            found = _evaluate(self._expression, {"value_json": document, "value": raw})
        except (_NoValueError, ArithmeticError, ValueError, RecursionError):
            return None
        return scalar(found)


def _single(tree: nodes.Template, text: str) -> nodes.Expr:
    """The one expression between braces; text around it other than white space is refused."""
    parts = [part for output in tree.body for part in (output.nodes if isinstance(output, nodes.Output) else [output])]
    expressions = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    if len(expressions) == 1 and isinstance(expressions[0], nodes.Expr):
        return expressions[0]
    raise Refused(findings.TEMPLATE_NOT_ONE(text=text[:60]))


def _check(node: nodes.Expr, text: str) -> None:
    """Refuse whatever is not in the grammar, before any payload comes."""
    fine = isinstance(node, nodes.Const | nodes.Getattr | nodes.Getitem | nodes.And | nodes.Or | nodes.Not)
    fine |= isinstance(node, nodes.Neg | nodes.Pos | nodes.CondExpr | nodes.Compare | nodes.Operand)
    fine |= type(node) in _ARITHMETIC
    if isinstance(node, nodes.Name):
        fine = node.name in ("value", "value_json")
    elif isinstance(node, nodes.Filter):
        fine = node.name in _FILTERS and len(node.args) <= _FILTERS[node.name] and not node.kwargs
    elif isinstance(node, nodes.Test):
        fine = node.name in ("defined", "undefined") and not node.args
    elif isinstance(node, nodes.Operand):
        fine = node.op in _COMPARISONS
    if not fine:
        what = getattr(node, "name", "") or type(node).__name__
        raise Refused(findings.TEMPLATE_FORBIDDEN(text=text[:60], what=what))
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Expr | nodes.Operand):
            _check(child, text)  # type: ignore[arg-type]


def _evaluate(node: nodes.Node, names: Mapping[str, object]) -> object:
    """The value of an expression that was checked.

    Raises:
        _NoValueError: if something it needs is missing or of another kind.
    """
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node, names)
    raise _NoValueError


def _member(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.Getattr | nodes.Getitem)
    owner = _evaluate(node.node, names)
    key = node.attr if isinstance(node, nodes.Getattr) else _evaluate(node.arg, names)
    if isinstance(owner, dict):
        return owner.get(key, _MISSING)
    if isinstance(owner, list) and isinstance(key, int) and -len(owner) <= key < len(owner):
        return owner[key]
    return _MISSING


def _arithmetic(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.BinExpr)
    return _ARITHMETIC[type(node)](_number(_evaluate(node.left, names)), _number(_evaluate(node.right, names)))


def _sign(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.UnaryExpr)
    number = _number(_evaluate(node.node, names))
    return -number if isinstance(node, nodes.Neg) else number


def _logic(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.And | nodes.Or)
    left = _evaluate(node.left, names)
    if isinstance(node, nodes.And):
        return _evaluate(node.right, names) if _true(left) else left
    return left if _true(left) else _evaluate(node.right, names)


def _choice(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.CondExpr)
    if _true(_evaluate(node.test, names)):
        return _evaluate(node.expr1, names)
    if node.expr2 is None:
        raise _NoValueError
    return _evaluate(node.expr2, names)


def _comparison(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.Compare)
    left = _evaluate(node.expr, names)
    for operand in node.ops:
        right = _evaluate(operand.expr, names)
        if isinstance(left, _Missing) or isinstance(right, _Missing):
            raise _NoValueError
        if not _COMPARISONS[operand.op](left, right):
            return False
        left = right
    return True


def _defined(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.Test)
    return isinstance(_evaluate(node.node, names), _Missing) is (node.name == "undefined")


def _filtered(node: nodes.Node, names: Mapping[str, object]) -> object:
    assert isinstance(node, nodes.Filter)
    value = _evaluate(node.node, names) if node.node is not None else _MISSING
    arguments = [_evaluate(argument, names) for argument in node.args]
    if node.name == "default":
        return (arguments[0] if arguments else "") if isinstance(value, _Missing) else value
    if node.name in ("float", "int"):
        return _converted(value, node.name, arguments)
    if isinstance(value, _Missing):
        raise _NoValueError
    if node.name in ("lower", "upper", "trim"):
        change = {"lower": str.lower, "upper": str.upper}.get(node.name, str.strip)
        return change(str(value))
    if node.name == "round":
        return round(_number(value), int(_number(arguments[0]))) if arguments else float(round(_number(value)))
    return abs(_number(value)) if node.name == "abs" else value


def _converted(value: object, kind: str, fallback: list[object]) -> object:
    try:
        number = _number(value)
    except _NoValueError:
        if not fallback:
            raise
        return fallback[0]
    return float(number) if kind == "float" else float(int(number))


def _number(value: object) -> float:
    """A number, a flag or a number written as text.

    Raises:
        _NoValueError: if it is none of them.
    """
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise _NoValueError from None
    raise _NoValueError


def _true(value: object) -> bool:
    return bool(value) and not isinstance(value, _Missing)


_RULES: Final[tuple[tuple[tuple[type[nodes.Node], ...], Callable[[nodes.Node, Mapping[str, object]], object]], ...]] = (
    ((nodes.Const,), lambda node, _: node.value),  # type: ignore[attr-defined]
    ((nodes.Name,), lambda node, names: names[node.name]),  # type: ignore[attr-defined]
    ((nodes.Getattr, nodes.Getitem), _member),
    (tuple(_ARITHMETIC), _arithmetic),
    ((nodes.Neg, nodes.Pos), _sign),
    ((nodes.Not,), lambda node, names: not _true(_evaluate(node.node, names))),  # type: ignore[attr-defined]
    ((nodes.And, nodes.Or), _logic),
    ((nodes.CondExpr,), _choice),
    ((nodes.Compare,), _comparison),
    ((nodes.Test,), _defined),
    ((nodes.Filter,), _filtered),
)
"""What each kind of node comes to."""

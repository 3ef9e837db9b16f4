"""Reads the repository's own Python as data: which files there are, what they import, how long and deep they are.

Everything here takes source text or a parsed tree and returns values, so that each check can be tested with a planted
violation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("core", "gateway", "ingest", "store", "rules", "registry", "dispatch", "api", "firmware_sim", "app")

_BLOCKS: Final = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of ours: path relative to the repository, and its text."""

    path: str
    text: str

    @property
    def folder(self) -> str:
        """The top folder."""
        return self.path.split("/", 1)[0]

    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, filename=self.path)


def sources(*folders: str) -> Iterator[Source]:
    """Every hand-written Python file below the folders (generated protobuf code is left out)."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "__pycache__" in path.parts or path.name.endswith("_pb2.py"):
                continue
            yield Source(path=path.relative_to(ROOT).as_posix(), text=path.read_text(encoding="utf-8"))


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, in functions and under TYPE_CHECKING too.

    Also `importlib.import_module("…")` and `__import__("…")` with a literal name.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and _called_name(node) in {"import_module", "__import__"}:
            if node.args and isinstance(node.args[0], ast.Constant):
                yield node.lineno, str(node.args[0].value)
            else:
                yield node.lineno, "<computed>"


def _called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return ""


def called_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name (`time.sleep`) of every call whose target is a plain name or attribute chain."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            dotted = dotted_name(node.func)
            if dotted:
                yield node.lineno, dotted


def dotted_name(node: ast.AST) -> str:
    """`a.b.c` for a chain of names, otherwise an empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            left = dotted_name(value)
            return f"{left}.{attr}" if left else ""
        case _:
            return ""


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def line_count(node: FunctionNode) -> int:
    """Lines from `def` to the end, decorators not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def nesting(node: ast.AST) -> int:
    """Deepest block level inside a function; `elif` does not count, nor does a function defined inside."""
    return max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)


def _depth(node: ast.AST, *, is_elif: bool = False) -> int:
    if isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
        return 0
    own = 1 if isinstance(node, _BLOCKS) and not is_elif else 0
    deepest = 0
    for child in ast.iter_child_nodes(node):
        elif_child = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, _depth(child, is_elif=elif_child))
    return own + deepest


def unannotated(node: FunctionNode) -> list[str]:
    """Parameters without annotation, and "return" if the result has none (`self` and `cls` need none)."""
    args = node.args
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    named += [extra for extra in (args.vararg, args.kwarg) if extra]
    missing = [a.arg for i, a in enumerate(named) if a.annotation is None and not (i == 0 and a.arg in {"self", "cls"})]
    return missing + (["return"] if node.returns is None else [])


def broad_excepts(tree: ast.AST) -> Iterator[int]:
    """Lines of `except:`, `except Exception` and `except BaseException` that do not simply re-raise."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = any(kind is None or dotted_name(kind) in {"Exception", "BaseException"} for kind in kinds)
        reraises = any(isinstance(last, ast.Raise) and last.exc is None for last in node.body[-1:])
        if broad and not reraises:
            yield node.lineno


def import_time_actions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Statements that do something when a module is imported, by the look of them.

    Allowed at module level: docstrings, imports, definitions, assignments, `if TYPE_CHECKING`, `try: import`,
    deletions, assertions and loops that fill tables. Not allowed: a bare call (registration, logging set-up, starting
    anything) and `with`.
    """
    for node in _module_statements(tree.body):
        if isinstance(node, ast.With | ast.AsyncWith):
            yield node.lineno, "with"
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            yield node.lineno, ast.unparse(node.value)[:60]


def _module_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If):
            if "__name__" not in ast.unparse(node.test):
                yield from _module_statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _module_statements([*node.body, *node.orelse, *node.finalbody])
        else:
            yield node

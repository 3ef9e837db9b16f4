"""The house habits that can be measured, measured on the tree.

The limits are those that separate the well-kept code bases of this field from the others: the tail (longest function,
biggest class, longest file), nesting, annotations, broad handlers and sleeps in tests. Medians say nothing and are not
gated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.sources import (
    FOLDERS,
    ROOT,
    FunctionNode,
    Source,
    broad_excepts,
    called_names,
    functions,
    line_count,
    nesting,
    sources,
    unannotated,
)

UNMERGED: Final = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
"""What a merge that nobody finished leaves behind."""
MAX_FUNCTION_LINES: Final = 80
MAX_P95_FUNCTION_LINES: Final = 40
MAX_NESTING: Final = 4
MAX_FILE_LINES: Final = 500
MAX_METHODS: Final = 25


def long_functions(source: Source) -> Iterator[str]:
    """Functions over the limit."""
    for node in functions(source.tree()):
        if line_count(node) > MAX_FUNCTION_LINES:
            yield f"{source.path}:{node.lineno}: {node.name} has {line_count(node)} lines"


def deep_functions(source: Source) -> Iterator[str]:
    """Functions nested deeper than the limit."""
    for node in functions(source.tree()):
        if nesting(node) > MAX_NESTING:
            yield f"{source.path}:{node.lineno}: {node.name} is nested {nesting(node)} deep"


def long_files(source: Source) -> Iterator[str]:
    """Files over the limit."""
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{source.path}: {lines} lines"


def big_classes(source: Source) -> Iterator[str]:
    """Classes with too many methods."""
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.ClassDef):
            count = sum(isinstance(child, FunctionNode) for child in node.body)
            if count > MAX_METHODS:
                yield f"{source.path}:{node.lineno}: {node.name} has {count} methods"


def unannotated_functions(source: Source) -> Iterator[str]:
    """Functions that lack an annotation."""
    for node in functions(source.tree()):
        missing = unannotated(node)
        if missing:
            yield f"{source.path}:{node.lineno}: {node.name}: {', '.join(missing)}"


def unexplained_broad_excepts(source: Source) -> Iterator[str]:
    """Broad handlers without a reason in a comment, on their line or the one below."""
    lines = source.text.splitlines()
    for line in broad_excepts(source.tree()):
        near = " ".join(lines[line - 1 : line + 1])
        reason = re.sub(r"#\s*noqa:?\s*[A-Z0-9, ]*", "#", near)
        if not re.search(r"#\W*\w+\W+\w+\W+\w+", reason):
            yield f"{source.path}:{line}: broad except without a reason"


def sleeps(source: Source) -> Iterator[str]:
    """Sleeps, by any of their names."""
    names = {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"}
    for line, name in called_names(source.tree()):
        if name in names:
            yield f"{source.path}:{line}: {name}"


def undocumented_modules(source: Source) -> Iterator[str]:
    """Modules without a docstring."""
    if source.text.strip() and not ast.get_docstring(source.tree()):
        yield f"{source.path}: no docstring"


def undocumented_tests(source: Source) -> Iterator[str]:
    """Tests that do not say what is true."""
    for node in functions(source.tree()):
        if node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{source.path}:{node.lineno}: {node.name}"


CHECKS: Final = (long_functions, deep_functions, long_files, big_classes, unannotated_functions, undocumented_modules)


@pytest.mark.parametrize("check", [*CHECKS, unexplained_broad_excepts], ids=lambda check: check.__name__)
def test_the_house_keeps_its_habits(check: type) -> None:
    """No file of ours breaks the measured habit."""
    everything = [s for s in sources(*FOLDERS) if not s.path.startswith("app/migrations/versions/")]
    assert [line for source in everything for line in check(source)] == []


def test_the_tests_keep_the_habits_too() -> None:
    """Tests and measurements are annotated, not too long and not too deep."""
    found = [
        line
        for source in sources("tests", "bench")
        for check in (long_functions, deep_functions, unannotated_functions)
        for line in check(source)
    ]
    assert found == []


def test_most_functions_are_short() -> None:
    """95 of 100 functions have at most 40 lines."""
    lengths = sorted(line_count(node) for source in sources(*FOLDERS) for node in functions(source.tree()))
    assert lengths
    assert lengths[int(len(lengths) * 0.95)] <= MAX_P95_FUNCTION_LINES


def test_no_merge_was_left_half_done() -> None:
    """No page of the documentation holds both sides of a conflict."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 50
    marks = re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE)
    assert [str(page.relative_to(ROOT)) for page in pages if marks.search(page.read_text())] == []
    assert marks.search("a\n<<<<<<< HEAD\nb\n")


def test_unit_tests_do_not_sleep() -> None:
    """Time is an argument, so no unit test waits for it."""
    assert [line for source in sources("tests/unit") for line in sleeps(source)] == []


def test_every_test_says_what_is_true() -> None:
    """Each test has a docstring."""
    assert [line for source in sources("tests") for line in undocumented_tests(source)] == []


def test_no_merge_is_left_half_done() -> None:
    """No page and no source holds both sides of a merge; nothing else reads pages, so nothing else would notice."""
    kinds = ("*.md", "docs/**/*.md", "web/src/**/*.ts", "web/src/**/*.vue", "registry/**/*.yaml", "dispatch/**/*.yaml")
    pages = [page for kind in kinds for page in ROOT.glob(kind)]
    assert len(pages) > 50
    assert [str(page.relative_to(ROOT)) for page in pages if UNMERGED.search(page.read_text(encoding="utf-8"))] == []


DEEP: Final = """
def f() -> None:
    for a in b:
        if a:
            pass
        elif b:
            with c:
                while d:
                    try:
                        pass
                    finally:
                        pass
"""


def test_planted_violations_are_found() -> None:
    """Each measurement finds what it is there for."""

    def planted(text: str) -> Source:
        return Source(path="api/a.py", text=text)

    assert list(long_functions(planted("def f() -> None:\n" + "    x = 1\n" * 80)))
    assert not list(long_functions(planted("def f() -> None:\n" + "    x = 1\n" * 79)))
    assert "nested 5 deep" in next(deep_functions(planted(DEEP)))
    assert list(long_files(planted("x = 1\n" * 501)))
    methods = "".join(f"    def f{i}(self) -> None: ...\n" for i in range(26))
    assert list(big_classes(planted("class A:\n" + methods)))
    assert "x, return" in next(unannotated_functions(planted("def f(x, *, y: int): ...")))
    assert list(unexplained_broad_excepts(planted("try:\n    f()\nexcept Exception:  # noqa: BLE001\n    pass")))
    reason = "try:\n    f()\nexcept Exception:  # noqa: BLE001 - a task boundary: logged and counted\n    pass"
    assert not list(unexplained_broad_excepts(planted(reason)))
    assert not list(unexplained_broad_excepts(planted("try:\n    f()\nexcept BaseException:\n    g()\n    raise")))
    assert list(sleeps(planted("import time\ntime.sleep(1)")))
    assert list(undocumented_modules(planted("x = 1")))
    assert list(undocumented_tests(planted("def test_a() -> None: ...")))
    assert UNMERGED.search("- one\n<<<<<<< HEAD\n- two\n=======\n")
    assert UNMERGED.search("- three\n>>>>>>> other\n")
    assert not UNMERGED.search("Title\n=======\n<<<<<<<<< is no mark\n")

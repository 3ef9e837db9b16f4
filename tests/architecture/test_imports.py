"""The import rule: every folder imports `core` and itself, `app` joins them, and nobody imports the simulator.

The table below is the one in docs/ARCHITECTURE.md in a form a machine can check. A new third-party library is a new
word here, seen in review.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.sources import (
    FOLDERS,
    ROOT,
    Source,
    called_names,
    import_time_actions,
    imported_modules,
    sources,
)

# What a folder may use beside the standard library, `core` and itself.
ALLOWED: Final[dict[str, frozenset[str]]] = {
    folder: frozenset(libraries.split())
    for folder, libraries in {
        "core": "numpy google",
        "gateway": "numpy serial paho uvloop yaml google jinja2 msgspec cryptography reportlab openpyxl",
        "ingest": "numpy paho msgspec google",
        "store": "numpy duckdb pyarrow influxdb_client msgspec urllib3 httpx2",
        "rules": "numpy yaml",
        "registry": "numpy sqlalchemy yaml shapely openpyxl xlsxwriter argon2 pydantic",
        "dispatch": "numpy sqlalchemy paho apprise chinese_calendar msgspec yaml openpyxl xlsxwriter",
        "api": "numpy fastapi starlette anyio pydantic uvicorn argon2 sqlalchemy orjson yaml reportlab"
        " pyarrow re2 xlsxwriter",
        "firmware_sim": "numpy pymodbus paho yaml google msgspec",
        "app": "numpy typer click rich pydantic pydantic_core pydantic_settings alembic sqlalchemy yaml psutil uvicorn"
        " paho fastapi",
    }.items()
}

# Rooms that only compute: values in, values out.
NO_IO: Final = ("core", "rules")
_IO_WORDS: Final = "socket asyncio threading multiprocessing subprocess sqlite3 urllib http ssl selectors signal"
IO_MODULES: Final = frozenset(_IO_WORDS.split())
CLOCK_FILES: Final = frozenset({"core/clock.py"})
FAULT_FILES: Final = frozenset({"core/faultpoints.py"})  # kills its own process on purpose
FORBIDDEN_NAMES: Final = frozenset({"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"})


def import_violations(source: Source) -> Iterator[str]:
    """Every import of one file that its folder is not allowed."""
    folder = source.folder
    siblings = set(FOLDERS) - {folder}
    reachable = siblings - {"firmware_sim"} if folder == "app" else {"core"} - {folder}
    if folder == "firmware_sim":
        reachable = set()
    for line, name in imported_modules(source.tree()):
        top = name.split(".", 1)[0]
        where = f"{source.path}:{line}"
        if top in siblings:
            if top not in reachable:
                yield f"{where}: {folder} must not import {name}"
        elif top in {folder, "__future__"} or top in sys.stdlib_module_names:
            continue
        elif name.startswith("."):
            yield f"{where}: relative import"
        elif name == "<computed>":
            yield f"{where}: import of a computed name"
        elif top not in ALLOWED[folder]:
            yield f"{where}: {folder} is not allowed {name}"


def io_violations(source: Source) -> Iterator[str]:
    """I/O and clocks in a room that only computes."""
    if source.folder not in NO_IO or source.path in FAULT_FILES:
        return
    for line, name in imported_modules(source.tree()):
        top = name.split(".", 1)[0]
        if top in IO_MODULES or (top == "time" and source.path not in CLOCK_FILES):
            yield f"{source.path}:{line}: {source.folder} does no I/O and has no clock, but imports {name}"
    for line, name in called_names(source.tree()):
        if name.endswith((".now", ".utcnow", ".today")) and source.path not in CLOCK_FILES:
            yield f"{source.path}:{line}: reads the clock: {name}()"


def danger_violations(source: Source) -> Iterator[str]:
    """`eval`, `exec` and `compile` of text."""
    for line, name in called_names(source.tree()):
        if name in {"eval", "exec", "builtins.eval", "builtins.exec"}:
            yield f"{source.path}:{line}: {name}()"


def name_violations(source: Source) -> Iterator[str]:
    """Files and folders whose name says nothing."""
    for part in source.path.removesuffix(".py").split("/"):
        if part in FORBIDDEN_NAMES:
            yield f"{source.path}: {part} is not a name of the field"


def _everything() -> list[Source]:
    return list(sources(*FOLDERS))


def test_every_folder_is_seen() -> None:
    """The checks below look at all ten folders, so none passes by looking at nothing."""
    assert {source.folder for source in _everything()} == set(FOLDERS)


def test_folders_import_only_what_the_table_allows() -> None:
    """No file imports a sibling folder, the simulator, or a library that is not in its folder's row."""
    assert [line for source in _everything() for line in import_violations(source)] == []


def test_deciding_rooms_have_no_io_and_no_clock() -> None:
    """`core` and `rules` compute: no sockets, threads, processes, databases, and time is an argument."""
    assert [line for source in _everything() for line in io_violations(source)] == []


def test_no_text_is_executed() -> None:
    """Nothing of ours calls `eval` or `exec`."""
    assert [line for source in _everything() for line in danger_violations(source)] == []


def test_names_say_what_is_inside() -> None:
    """No module or folder is called utils, common, helpers or manager."""
    assert [line for source in _everything() for line in name_violations(source)] == []


def test_importing_looks_harmless() -> None:
    """No module has a bare call or a `with` at its top level."""
    found = [
        f"{source.path}:{line}: {what}"
        for source in _everything()
        if not source.path.startswith("app/migrations/") and not source.path.endswith("__main__.py")
        for line, what in import_time_actions(source.tree())
    ]
    assert found == []


IMPORT_ALL: Final = """
import importlib, sys, threading
seen = []
watched = ("subprocess.Popen", "os.fork", "os.exec", "os.spawn", "os.system", "os.remove", "os.mkdir", "os.rename",
           "socket.bind", "socket.connect")
def hook(event, args):
    if event in watched or event.startswith("os.exec"):
        seen.append((event, repr(args)[:120]))
    elif event == "open" and isinstance(args[1], str) and any(c in args[1] for c in "wax+"):
        seen.append((event, repr(args)[:120]))
modules = sys.argv[1:]
sys.dont_write_bytecode = True
import numpy, platform, urllib3  # what third parties do while being imported is not ours (urllib3 binds to ::1)
sys.addaudithook(hook)
for name in modules:
    importlib.import_module(name)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        seen.append(("thread", thread.name))
for line in seen:
    print(line)
sys.exit(bool(seen))
"""


def _modules(folder: str) -> list[str]:
    names = []
    for source in sources(folder):
        name = source.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        if not name.endswith("__main__") and not name.startswith("app.migrations"):
            names.append(name)
    return names


@pytest.mark.parametrize("folder", FOLDERS)
def test_importing_does_nothing(folder: str) -> None:
    """Importing every module of a folder starts, binds, connects and writes nothing."""
    command = [sys.executable, "-c", IMPORT_ALL, *_modules(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("gateway/a.py", "import store.duck", "gateway must not import store.duck"),
        ("rules/a.py", "def f():\n    from dispatch.cases import Case", "rules must not import dispatch.cases"),
        ("core/a.py", "import gateway", "core must not import gateway"),
        ("firmware_sim/a.py", "from core.sparkplug import encode", "firmware_sim must not import core.sparkplug"),
        ("app/a.py", "import firmware_sim.city", "app must not import firmware_sim.city"),
        ("rules/a.py", "import pandas", "rules is not allowed pandas"),
        ("api/a.py", "import importlib\nimportlib.import_module('store')", "api must not import store"),
        ("api/a.py", "import importlib\nimportlib.import_module(name)", "import of a computed name"),
        ("api/a.py", "from . import routes", "relative import"),
        ("store/a.py", "if TYPE_CHECKING:\n    import ingest", "store must not import ingest"),
    ],
)
def test_a_planted_import_is_found(path: str, text: str, complaint: str) -> None:
    """A forbidden import is reported wherever it hides."""
    found = list(import_violations(Source(path=path, text=text)))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/a.py", "import gateway, store.duck, core, typer, asyncio"),
        ("gateway/a.py", "import gateway.spool\nimport core.readings\nimport sqlite3\nfrom serial import X"),
        ("firmware_sim/a.py", "import firmware_sim.city, numpy, pymodbus"),
    ],
)
def test_allowed_imports_pass(path: str, text: str) -> None:
    """What the table allows is not reported."""
    assert list(import_violations(Source(path=path, text=text))) == []


def test_planted_io_clock_eval_names_and_actions_are_found() -> None:
    """Each of the other checks finds what it is there for."""
    assert len(list(io_violations(Source(path="rules/a.py", text="import socket, time")))) == 2
    assert len(list(io_violations(Source(path="core/a.py", text="import datetime\nx = datetime.datetime.now()")))) == 1
    assert list(io_violations(Source(path="core/clock.py", text="import time"))) == []
    assert len(list(danger_violations(Source(path="rules/a.py", text="eval('1')\nexec('2')")))) == 2
    assert len(list(name_violations(Source(path="store/utils/manager.py", text="")))) == 2
    text = "import x\nx.start()\nif __name__ == '__main__':\n    x.run()\nwith x:\n    pass"
    planted = Source(path="api/a.py", text=text)
    assert [line for line, _ in import_time_actions(planted.tree())] == [2, 5]

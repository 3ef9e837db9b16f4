"""Imports and exports for the pages: one child process at a time, the newest jobs kept until the server ends."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from app import import_findings as words
from app.bound_process import Starter
from app.settings import Settings
from core.errors import Refused, Unavailable
from core.findings import Said, Sentence
from core.places import Text
from core.ports.registry_import import ImportChange, ImportFinding, ImportJob, ImportState

_LIMIT_S = 600.0
_PATIENCE_S = 300.0
_KEPT = 8
_MOST_WAITING = 3
_TOLD = 5
_BUSY = frozenset({ImportState.READING, ImportState.APPLYING})


class ImportWorkers:
    """``core.ports.registry_import.RegistryImports``; a context manager, safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Nothing runs yet."""
        self._settings = settings
        self._root = settings.data_dir / "imports"
        self._lock = threading.Lock()
        self._starter = Starter()
        self._one = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._threads: set[threading.Thread] = set()
        self._exports = 0
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False

    def __enter__(self) -> ImportWorkers:
        """Files of an earlier process are of no use."""
        shutil.rmtree(self._root, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what runs; an import that is being applied is rolled back."""
        with self._lock:
            self._closed = True
            running, threads = self._running, list(self._threads)
        if running is not None:
            running.kill()
        for thread in threads:
            thread.join()
        self._starter.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def start(self, name: str, data: bytes, owner: str, day: str, now_ms: int) -> ImportJob:
        """Begin to read a file."""
        number = secrets.token_hex(8)
        folder = self._root / number
        shown = ImportJob(number=number, name=name, state=ImportState.READING, started_ms=now_ms)
        job = _Job(owner, day, folder, shown)
        with self._lock:
            self._check_room()
            self._forget()
            self._jobs[number] = job
        try:
            folder.mkdir(parents=True, mode=0o700)
            (folder / "file").write_bytes(data)
        except OSError as error:
            with self._lock:
                del self._jobs[number]
            shutil.rmtree(folder, ignore_errors=True)
            raise Unavailable(words.IMPORT_DIED()) from error
        self._begin(job, {})
        return job.shown

    def job(self, number: str, owner: str) -> ImportJob | None:
        """How far it is."""
        job = self._jobs.get(number)
        return job.shown if job is not None and job.owner == owner else None

    def changes(self, number: str, owner: str, kind: str, offset: int, limit: int) -> Sequence[ImportChange]:
        """What it would do."""
        job = self._jobs.get(number)
        path = None if job is None or job.owner != owner else job.folder / "changes.jsonl"
        if path is None or not path.is_file():
            return ()
        with path.open(encoding="utf-8") as lines:
            rows = (json.loads(line) for line in lines)
            wanted = (row for row in rows if not kind or row["kind"] == kind)
            return [_change(row) for row in islice(wanted, offset, offset + limit)]

    def apply(self, number: str, owner: str, token: str) -> ImportJob | None:
        """Apply exactly what was shown."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None or job.owner != owner:
                return None
            if job.shown.state is not ImportState.SHOWN or token != job.shown.token:
                raise Refused(words.IMPORT_NOT_SHOWN())
            self._check_room()
            job.shown = replace(job.shown, state=ImportState.APPLYING)
        self._begin(job, {"token": token, "actor": owner})
        return job.shown

    def export(self, form: str, language: str) -> Path:
        """A file with the whole registry."""
        with self._lock:
            self._check_room()
            self._exports += 1
        target = self._root / f"export-{secrets.token_hex(8)}.{form}"
        written = False
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            answer = self._asked({"form": form, "language": language, "target": str(target)})
            written = bool(answer.get("written"))
            if "wrong" in answer:
                raise Refused(_wrong(answer["wrong"]))
        except OSError as error:
            raise Unavailable(words.IMPORT_DIED()) from error
        finally:
            with self._lock:
                self._exports -= 1
            if not written:
                with suppress(OSError):
                    target.unlink()
        if not written:
            raise Unavailable(words.IMPORT_DIED())
        return target

    def _check_room(self) -> None:
        busy = self._exports + sum(job.shown.state in _BUSY for job in self._jobs.values())
        if self._closed or busy >= _MOST_WAITING:
            raise Refused(words.IMPORT_BUSY())

    def _forget(self) -> None:
        """Drop the oldest jobs that are at rest."""
        at_rest = [number for number, job in self._jobs.items() if job.shown.state not in _BUSY]
        for number in at_rest[: max(0, len(self._jobs) - _KEPT + 1)]:
            shutil.rmtree(self._jobs.pop(number).folder, ignore_errors=True)

    def _begin(self, job: _Job, more: dict[str, str]) -> None:
        def work() -> None:
            asked = {"name": job.shown.name, "folder": str(job.folder), "day": job.day, **more}
            try:
                job.shown = _after(job.shown, self._asked(asked))
            except (Unavailable, Refused) as error:
                job.shown = replace(job.shown, state=ImportState.FAILED, problem=_both(error))
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=work, name=f"import-{job.shown.number}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        if not self._one.acquire(timeout=_PATIENCE_S):
            raise Refused(words.IMPORT_BUSY())
        try:
            return self._answer({"settings": self._settings.handed_over(), **question})
        finally:
            self._one.release()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._closed:
                raise Unavailable(words.IMPORT_DIED())
            try:
                process = self._starter.start("app.registry_import_child")
            except OSError as error:
                raise Unavailable(words.IMPORT_DIED()) from error
            self._running = process
        try:
            said, _ = process.communicate(json.dumps(question).encode(), timeout=_LIMIT_S)
            return dict(json.loads(said))
        except (subprocess.TimeoutExpired, ValueError, OSError) as error:
            raise Unavailable(words.IMPORT_DIED()) from error
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
            self._running = None


class _Job:
    """One import and its files."""

    def __init__(self, owner: str, day: str, folder: Path, shown: ImportJob) -> None:
        self.owner, self.day, self.folder, self.shown = owner, day, folder, shown


def _wrong(found: list[dict[str, str]]) -> Said:
    """The first things that are wrong, as one sentence."""
    zh, en = (" ".join(one[language] for one in found[:_TOLD]) for language in ("zh", "en"))
    more = "" if len(found) <= _TOLD else f" (+{len(found) - _TOLD})"
    return words.EXPORT_REFUSED(what=Sentence(zh + more, en + more))


def _both(error: Unavailable | Refused) -> Text:
    return Text(zh=error.in_language("zh"), en=error.in_language("en"))


def _after(shown: ImportJob, answer: dict[str, Any]) -> ImportJob:
    """The import after a child has answered."""
    if "problem" in answer:
        return replace(shown, state=ImportState.FAILED, problem=Text(**answer["problem"]))
    if "findings" in answer:
        return replace(shown, state=ImportState.REFUSED, findings=[_finding(one) for one in answer["findings"]])
    if "overtaken" in answer:
        return replace(shown, state=ImportState.OVERTAKEN)
    if "applied" in answer:
        return replace(shown, state=ImportState.APPLIED)
    return replace(
        shown,
        state=ImportState.SHOWN,
        token=answer["token"],
        kinds=answer["kinds"],
        counts=answer["counts"],
        notices=[_finding(one) for one in answer["notices"]],
    )


def _finding(row: dict[str, Any]) -> ImportFinding:
    return ImportFinding(**{**row, "what": Text(**row["what"]), "fix": Text(**row["fix"])})


def _change(row: dict[str, Any]) -> ImportChange:
    fields = [(Text(zh=zh, en=en), before, after) for zh, en, before, after in row["fields"]]
    return ImportChange(kind=row["kind"], code=row["code"], change=row["change"], fields=fields)

"""A look at this machine: what would stop Twingrid here, or make it unreliable."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

from app import findings as kinds
from app.broker import mosquitto_program, nats_program
from app.calendars import local_day, of_folder, unknown_from
from app.installation import free_bytes
from app.pages import web_root
from app.probes import PortUse, busy_ports
from app.settings import Settings
from core.clock import SystemClock
from core.errors import Invalid, Unavailable
from core.places import Text
from dispatch.holidays import mainland_china

_GB = 1024**3
_NO_FIX = Text(zh="", en="")
LABELS: Final[Mapping[str, Text]] = {
    "broker": Text(zh="消息代理", en="broker"),
    "pages": Text(zh="网页端口", en="port of the pages"),
    "MQTT broker": Text(zh="MQTT 端口", en="port of the broker"),
    "disk": Text(zh="磁盘", en="disk"),
    "data_dir": Text(zh="数据目录", en="data folder"),
    "secrets": Text(zh="密钥文件", en="secrets"),
    "clock": Text(zh="时钟", en="clock"),
    "holidays": Text(zh="节假日", en="public holidays"),
    "web": Text(zh="网页文件", en="built pages"),
    "open files": Text(zh="打开文件数", en="open files"),
}
"""What was looked at, for a person; names that are the same in every language stand for themselves."""


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    say: Text
    fix: Text = _NO_FIX

    def label(self, language: str) -> str:
        """What was looked at, in a language."""
        named = LABELS.get(self.what)
        return self.what if named is None else named.in_language(language)


def examine(settings: Settings) -> list[Observation]:
    """Look at everything."""
    looks: tuple[Callable[[Settings], Iterator[Observation]], ...] = (
        _python,
        _sqlite,
        _broker,
        _ports,
        _disk,
        _rights,
        _clock,
        _holidays,
        _pages,
        _limits,
    )
    return [observation for look in looks for observation in look(settings)]


def _python(_settings: Settings) -> Iterator[Observation]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Observation(what="Python", verdict=Verdict.OK, say=Text(zh=version, en=version))


def _sqlite(_settings: Settings) -> Iterator[Observation]:
    good = sqlite3.sqlite_version_info >= (3, 35)
    yield Observation(
        what="SQLite",
        verdict=Verdict.OK if good else Verdict.BAD,
        say=Text(zh=sqlite3.sqlite_version, en=sqlite3.sqlite_version),
        fix=_NO_FIX if good else Text(zh="需要 3.35 或更高版本", en="3.35 or newer is needed"),
    )


def _broker(settings: Settings) -> Iterator[Observation]:
    kind = settings.broker.kind
    if kind == "external":
        where = f"{settings.broker.host}:{settings.broker.port}"
        yield Observation(what="broker", verdict=Verdict.OK, say=Text(zh=f"外部：{where}", en=f"external: {where}"))
        return
    try:
        program = str(nats_program() if kind == "nats" else mosquitto_program())
    except Unavailable as error:
        fix = Text(zh="安装后重试", en="install it")
        yield Observation(what="broker", verdict=Verdict.BAD, say=Text.of(error), fix=fix)
        return
    yield Observation(what="broker", verdict=Verdict.OK, say=Text(zh=program, en=program))
    if kind == "nats":
        yield Observation(
            what="broker",
            verdict=Verdict.OK,
            say=Text(
                zh="只支持 MQTT 3.1.1；主题中不能有空格，客户端标识中不能有句点",
                en="speaks MQTT 3.1.1 only; no spaces in topics, no dots in client ids",
            ),
        )


def _ports(settings: Settings) -> Iterator[Observation]:
    pages = PortUse(host=settings.api.host, port=settings.api.port, what=kinds.PAGES(), change="api.port")
    uses = {"pages": pages}
    if settings.broker.kind != "external":
        host, port = settings.broker.host, settings.broker.port
        uses["MQTT broker"] = PortUse(host=host, port=port, what=kinds.BROKER(), change="broker.port")
    for name, use in uses.items():
        busy = busy_ports([use])
        say = Text(zh=f"{use.host}:{use.port} 空闲", en=f"{use.host}:{use.port} is free")
        if busy:  # it may be Twingrid itself that listens there
            say = Text(zh=busy[0].what_in("zh"), en=busy[0].what_in("en"))
        fix = Text(zh=busy[0].fix_in("zh"), en=busy[0].fix_in("en")) if busy else _NO_FIX
        yield Observation(what=name, verdict=Verdict.WARN if busy else Verdict.OK, say=say, fix=fix)
    if settings.api.host not in {"127.0.0.1", "localhost", "::1"} and not settings.api.https:
        yield Observation(
            what="pages",
            verdict=Verdict.WARN,
            say=Text(zh="对外监听但未启用 https", en="listens to other machines without https"),
            fix=Text(zh="在前面放置 TLS 代理并设置 api.https", en="put a TLS proxy in front and set api.https"),
        )


def _disk(settings: Settings) -> Iterator[Observation]:
    free = free_bytes(settings.data_dir) / _GB
    verdict = Verdict.OK if free > 5 else Verdict.WARN if free > 1 else Verdict.BAD
    yield Observation(
        what="disk",
        verdict=verdict,
        say=Text(zh=f"剩余 {free:.1f} GB", en=f"{free:.1f} GB free"),
        fix=_NO_FIX
        if verdict is Verdict.OK
        else Text(zh="清理磁盘或设置 store.disk_budget_mb", en="make room, or set store.disk_budget_mb"),
    )


def _rights(settings: Settings) -> Iterator[Observation]:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    writable = os.access(folder, os.W_OK | os.X_OK)
    yield Observation(
        what="data_dir",
        verdict=Verdict.OK if writable else Verdict.BAD,
        say=Text(zh=str(settings.data_dir), en=str(settings.data_dir)),
        fix=_NO_FIX if writable else Text(zh="本用户不能写入", en="this user may not write there"),
    )
    for file in _open_secrets(settings.secrets_dir):
        yield Observation(
            what="secrets",
            verdict=Verdict.BAD,
            say=Text(zh=f"{file} 可被他人读取", en=f"others can read {file}"),
            fix=Text(zh=f"chmod 600 {file}", en=f"chmod 600 {file}"),
        )


def _open_secrets(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*")) if folder.is_dir() else ():
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield file


def _clock(_settings: Settings) -> Iterator[Observation]:
    synchronised = Path("/run/systemd/timesync/synchronized").exists() or shutil.which("chronyd") is not None
    yield Observation(
        what="clock",
        verdict=Verdict.OK if synchronised else Verdict.WARN,
        say=Text(zh="由时间服务校准", en="kept in step")
        if synchronised
        else Text(zh="未发现时间同步服务", en="no time service was found"),
        fix=_NO_FIX
        if synchronised
        else Text(zh="启用 systemd-timesyncd 或 chrony", en="enable systemd-timesyncd or chrony"),
    )


def _holidays(settings: Settings) -> Iterator[Observation]:
    """Whether the days of the next weeks are known; the calendar of the folder counts if it can be read."""
    day, holidays = local_day(SystemClock().now_ms(), settings.time_zone), mainland_china()
    if settings.registry.folder is not None:
        with contextlib.suppress(Invalid):
            holidays = of_folder(settings.registry.folder, settings.time_zone, day).holidays
    missing = unknown_from(holidays, date.fromisoformat(day))
    if missing is None:
        say = Text(zh="今后几周已知", en="known for the next weeks")
        yield Observation(what="holidays", verdict=Verdict.OK, say=say)
        return
    yield Observation(
        what="holidays",
        verdict=Verdict.WARN,
        say=Text(zh=f"从 {missing} 起未知", en=f"not known from {missing} on"),
        fix=Text(
            zh="更新 chinesecalendar，或在台账的 calendar 中写入日期",
            en="update chinesecalendar, or write the days into the registry's calendar",
        ),
    )


def _pages(settings: Settings) -> Iterator[Observation]:
    root = web_root(settings)
    yield Observation(
        what="web",
        verdict=Verdict.OK if root else Verdict.WARN,
        say=Text(zh=str(root or "尚未构建"), en=str(root or "not built")),
        fix=_NO_FIX if root else Text(zh="运行 make web", en="run make web"),
    )


def _limits(_settings: Settings) -> Iterator[Observation]:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft >= 1024
    yield Observation(
        what="open files",
        verdict=Verdict.OK if good else Verdict.WARN,
        say=Text(zh=str(soft), en=str(soft)),
        fix=_NO_FIX if good else Text(zh="提高 ulimit -n", en="raise ulimit -n"),
    )

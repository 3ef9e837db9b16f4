"""Settings of notifications made into channels, with their secrets read; and the courier that uses them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app import findings as kinds
from app.settings import ChannelSettings, SecretSettings, Settings
from core.clock import Clock
from core.errors import Invalid
from core.findings import Finding
from core.foreign import system_problem
from core.people import Language
from core.places import Text
from core.ports.notifications import WAYS, Channel, Recipient, Sender
from core.ports.registry import RegistryQueries
from dispatch.courier import Courier
from dispatch.outbox import Outbox
from dispatch.preferences import SqlPreferences
from dispatch.senders.aliyun_sms import AliyunSms
from dispatch.senders.mail import Mail
from dispatch.senders.robots import DingTalk, Feishu, Robot, WeCom
from dispatch.senders.services import OWN, PUBLIC, LogSender, Service, is_allowed, schema_of
from dispatch.senders.wire import Line

LOG = "log"
_SECRETS = ("token", "secret", "address", "key_secret", "password")
_LIMITS: Mapping[str, int] = {"dingtalk": 20, "wecom": 20, "feishu": 100, "aliyun_sms": 1, "email": 0, "apprise": 20}
"""Messages a minute that the platforms allow: a room's, of short messages one number's."""
_PERSONAL = frozenset({"aliyun_sms", "email"})
_ROBOTS: Mapping[str, type[Robot]] = {"dingtalk": DingTalk, "wecom": WeCom, "feishu": Feishu}
_PEOPLE_KEPT_MS = 30_000


def channels(settings: Settings) -> Sequence[Channel]:
    """The configured channels in the order of the settings; the log where none is configured.

    Raises:
        Invalid: with every secret that cannot be read and every address that is not allowed.
    """
    findings: list[Finding] = []
    made: list[Channel] = []
    for name, one in settings.notification.channels.items():
        secrets = _secrets(name, one, findings)
        sender = _sender(name, one, secrets, findings)
        limit = _LIMITS[one.kind] if one.per_minute is None else one.per_minute
        made.append(Channel(name=name, kind=one.kind, sender=sender, personal=one.kind in _PERSONAL, per_minute=limit))
    if findings:
        raise Invalid(findings)
    return made or [Channel(name=LOG, kind=LOG, sender=LogSender())]


def routes(settings: Settings) -> Mapping[str, Sequence[str]]:
    """The channels of each way; a way without an entry has all of them."""
    every = tuple(settings.notification.channels) or (LOG,)
    chosen: Mapping[str, Sequence[str]] = {str(way): names for way, names in settings.notification.routes.items()}
    return {way: chosen.get(way, every) for way in WAYS}


def channel_secrets(settings: Settings) -> Iterator[str]:
    """Every secret of the channels that can be read, for those who must take them out of a text."""
    for one in settings.notification.channels.values():
        for name in _SECRETS:
            place: SecretSettings | None = getattr(one, name)
            if place is not None:
                with contextlib.suppress(OSError, UnicodeDecodeError, LookupError):
                    yield read_secret(place)
        yield one.key_id
        yield one.username


def linker(settings: Settings) -> Callable[[str], str]:
    """Where people read on: the task, the list of what waits at the gate or of the department, else the alarms."""
    base = settings.notification.base_url.rstrip("/")

    def link(ref: str) -> str:
        if not base:
            return ""
        if ref.startswith("intake/"):
            return f"{base}/intakes"
        if ref.startswith("referral/"):
            return f"{base}/department?show=referred"
        if ref.startswith("webhook/"):
            return base
        return f"{base}/tasks/{ref}" if ref.isdigit() else f"{base}/alarms"

    return link


@dataclass(slots=True)
class _Kept:
    until_ms: int
    languages: Mapping[int, Language]
    names: Mapping[int, Text]


class RegistryRecipients:
    """Names of people and the languages of their logins, asked anew every half minute."""

    def __init__(self, registry: RegistryQueries, language: Language, clock: Clock) -> None:
        """Read ``registry``; whoever has no login reads ``language``."""
        self._registry, self._language, self._clock = registry, language, clock
        self._kept = _Kept(0, {}, {})

    def of(self, person: int) -> Recipient:
        """Somebody."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._kept.until_ms or now_ms < self._kept.until_ms - _PEOPLE_KEPT_MS:
            logins = [one for one in self._registry.logins() if one.active and one.person is not None]
            self._kept = _Kept(
                now_ms + _PEOPLE_KEPT_MS,
                {one.person: one.language for one in logins if one.person is not None},
                {one.number: one.name for one in self._registry.people()},
            )
        name = self._kept.names.get(person) or Text(zh=f"{person} 号", en=f"No. {person}")
        return Recipient(name=name, language=self._kept.languages.get(person, self._language).value)


def courier(settings: Settings, engine: sa.Engine, registry: RegistryQueries, clock: Clock, zone: ZoneInfo) -> Courier:
    """What takes messages to their channels; ``zone`` is that of quiet hours.

    Raises:
        Invalid: with everything that is wrong with the channels.
    """
    return Courier(
        Outbox(engine),
        SqlPreferences(engine),
        channels=channels(settings),
        routes=routes(settings),
        recipients=RegistryRecipients(registry, settings.language, clock),
        zone=zone,
        link=linker(settings),
        clock=clock,
    )


def read_secret(place: SecretSettings) -> str:
    """A secret.

    Raises:
        OSError: if its file cannot be read.
        UnicodeDecodeError: if it is no text.
        LookupError: if its variable is not set, or it is empty.
    """
    text = os.environ[place.env] if place.file is None else place.file.read_text(encoding="utf-8")
    if not text.strip():
        raise LookupError("empty")
    return text.strip()


def _secrets(channel: str, one: ChannelSettings, findings: list[Finding]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in _SECRETS:
        place: SecretSettings | None = getattr(one, name)
        if place is None:
            continue
        where = str(place.file) if place.file is not None else f"${place.env}"
        try:
            found[name] = read_secret(place)
        except (OSError, UnicodeDecodeError) as error:
            problem: object = system_problem(error)
            findings.append(kinds.SECRET_UNREADABLE.at(where, channel=channel, name=name, problem=problem))
        except LookupError as error:
            missing = isinstance(error, KeyError)
            problem = kinds.NO_VARIABLE_SET(name=place.env) if missing else kinds.EMPTY_SECRET()
            findings.append(kinds.SECRET_UNREADABLE.at(where, channel=channel, name=name, problem=problem))
    return found


def _sender(name: str, one: ChannelSettings, secrets: Mapping[str, str], findings: list[Finding]) -> Sender:
    line = Line(timeout_s=one.timeout_s, private=one.private_addresses)
    if one.url and not one.url.startswith("https://") and not one.private_addresses:
        findings.append(kinds.PLAIN_HTTP.at(channel=name))
    own = {"base": one.url.rstrip("/")} if one.url else {}
    if one.kind in _ROBOTS:
        kept = {key: value for key, value in secrets.items() if key in {"token", "secret"}}
        return _ROBOTS[one.kind](**{"token": "", **kept}, line=line, **own)
    if one.kind == "aliyun_sms":
        return AliyunSms(
            key_id=one.key_id,
            key_secret=secrets.get("key_secret", ""),
            sign_name=one.sign_name,
            templates={str(language): code for language, code in one.templates.items()},
            parameters=one.parameters,
            length=one.parameter_length,
            line=line,
            **own,
        )
    if one.kind == "email":
        return Mail(
            host=one.host,
            port=one.port,
            security=one.security,
            sender=one.sender,
            username=one.username,
            password=secrets.get("password", ""),
            line=line,
        )
    url = secrets.get("address", "")
    if url and not is_allowed(url):
        known = ", ".join(sorted(PUBLIC | OWN))
        findings.append(kinds.SERVICE_NOT_ALLOWED.at(channel=name, schema=schema_of(url)[:20], known=known))
    return Service(url=url, line=line)

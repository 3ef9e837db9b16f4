"""Everything the routes ask, joined once at start."""

from __future__ import annotations

from dataclasses import dataclass, replace

from api.alarm_desk import AlarmDesk
from api.backtest_desk import BacktestDesk
from api.boards import LatestBoard, StandingBoard
from api.calendar_desk import CalendarDesk
from api.case_desk import CaseDesk, TaskDesk
from api.change_desk import ChangeDesk
from api.closure_desk import ClosureDesk
from api.configuration_desk import ConfigurationDesk
from api.department_desk import DepartmentDesk
from api.document_desk import DocumentDesk
from api.enrolment_desk import EnrolmentDesk
from api.entrance import Entrance
from api.equipment_desk import EquipmentDesk
from api.evaluation_desk import EvaluationDesk
from api.evidence_desk import EvidenceDesk
from api.exchange_desk import ExchangeDesk
from api.feed_lookup import FeedLookup
from api.flag_desk import FlagDesk
from api.folding_desk import FoldingDesk
from api.funds_desk import FundsDesk
from api.histories import Histories
from api.import_desk import ImportDesk
from api.intake_desk import IntakeDesk
from api.live import Live
from api.metrics import Metrics
from api.notification_desk import NotificationDesk
from api.performance_desk import PerformanceDesk
from api.place_desk import PlaceDesk
from api.places import PlaceBook
from api.plan_desk import PlanDesk
from api.policy import Policy
from api.ports import ApiPorts
from api.prometheus.desk import PrometheusDesk
from api.public_desk import PublicDesk
from api.record_desk import RecordDesk
from api.registry_desk import RegistryDesk
from api.revisit_desk import RevisitDesk
from api.rule_desk import RuleDesk
from api.saved_views import ViewDesk
from api.series_desk import SeriesDesk
from api.settings import ApiSettings
from api.setup import Setup
from api.staff_desk import StaffDesk
from api.store_gate import StoreGate
from api.system_desk import SystemDesk
from api.token_desk import TokenDesk
from api.tokens import TokenRates
from api.webhook_desk import WebhookDesk


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What stands behind the routes."""

    settings: ApiSettings
    ports: ApiPorts
    policy: Policy
    metrics: Metrics
    setup: Setup
    entrance: Entrance
    tokens: TokenDesk
    token_rates: TokenRates
    places: PlaceDesk
    prometheus: PrometheusDesk
    changes: ChangeDesk
    equipment: EquipmentDesk
    views: ViewDesk
    histories: Histories
    series: SeriesDesk
    alarms: AlarmDesk
    performance: PerformanceDesk
    folding: FoldingDesk
    flags: FlagDesk
    evidence: EvidenceDesk
    cases: CaseDesk
    tasks: TaskDesk
    closures: ClosureDesk
    intakes: IntakeDesk
    public: PublicDesk
    departments: DepartmentDesk
    system: SystemDesk
    configurations: ConfigurationDesk
    enrolment: EnrolmentDesk
    backtests: BacktestDesk
    rules: RuleDesk
    calendars: CalendarDesk
    notifications: NotificationDesk
    live: Live
    book: PlaceBook
    records: RecordDesk
    documents: DocumentDesk
    registry: RegistryDesk
    imports: ImportDesk
    staff: StaffDesk
    evaluations: EvaluationDesk
    funds: FundsDesk
    plans: PlanDesk
    exchange: ExchangeDesk
    webhooks: WebhookDesk
    revisits: RevisitDesk


def build(ports: ApiPorts, settings: ApiSettings, policy: Policy) -> Services:
    """Join the services; nothing is read or written yet."""
    ports = replace(ports, store=StoreGate(ports.store))
    metrics = Metrics()
    book = PlaceBook(ports.registry, ports.clock)
    histories = Histories(ports)
    setup = Setup(ports.engine, ports.registry, settings)
    entrance = Entrance(ports, settings, policy, setup)
    standings = StandingBoard(ports.cases, ports.clock)
    latest = LatestBoard(ports.store, ports.directory, ports.clock)
    flags = FlagDesk(ports, book)
    closures = ClosureDesk(ports, book)
    intakes = IntakeDesk(ports, book)
    desk = PlaceDesk(ports, book, standings, latest, histories)
    return Services(
        settings=settings,
        ports=ports,
        policy=policy,
        metrics=metrics,
        setup=setup,
        entrance=entrance,
        tokens=TokenDesk(ports, policy, entrance),
        token_rates=TokenRates(),
        changes=ChangeDesk(ports, book),
        places=desk,
        equipment=EquipmentDesk(book, standings, latest, desk),
        views=ViewDesk(ports),
        histories=histories,
        series=SeriesDesk(ports, settings),
        prometheus=PrometheusDesk(ports, book, settings),
        performance=PerformanceDesk(ports, book),
        folding=FoldingDesk(ports, book),
        alarms=AlarmDesk(ports, book, flags),
        flags=flags,
        evidence=EvidenceDesk(ports),
        cases=CaseDesk(ports, book, closures),
        tasks=TaskDesk(ports, book, histories, closures),
        closures=closures,
        intakes=intakes,
        public=PublicDesk(ports, book),
        departments=DepartmentDesk(ports, book, intakes),
        system=SystemDesk(ports, book, settings, metrics),
        configurations=ConfigurationDesk(ports),
        enrolment=EnrolmentDesk(ports),
        backtests=BacktestDesk(ports),
        rules=RuleDesk(ports, book),
        calendars=CalendarDesk(ports, book),
        notifications=NotificationDesk(ports, book),
        live=Live(ports, settings, entrance, FeedLookup(ports, book), metrics),
        book=book,
        records=RecordDesk(ports, book),
        documents=DocumentDesk(ports, book),
        registry=RegistryDesk(ports, book),
        imports=ImportDesk(ports),
        staff=StaffDesk(ports, book),
        evaluations=EvaluationDesk(ports, book),
        funds=FundsDesk(ports, book),
        plans=PlanDesk(ports, book),
        exchange=ExchangeDesk(ports, book),
        webhooks=WebhookDesk(ports, entrance),
        revisits=RevisitDesk(ports, book),
    )

"""A dispatch with messages and scripted channels, for tests of the delivery: it keeps what the channels really took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from core.alarms import Severity
from core.clock import ManualClock
from core.places import Text
from core.ports.notifications import Channel, Message, Outcome, Preference, Recipient, Sent
from dispatch import delivery_tables, tables
from dispatch.courier import Courier
from dispatch.database import prepare, writing
from dispatch.ledger import Ledger
from dispatch.outbox import Outbox
from dispatch.preferences import SqlPreferences
from tests.unit.dispatch.hall import MONDAY_9

ZONE = ZoneInfo("Asia/Shanghai")


class Crash(BaseException):
    """The process is gone."""


Answer = Callable[[Message], Sent]


def says(outcome: Outcome, **values: object) -> Answer:
    """Always the same answer."""
    return lambda _: Sent(outcome=outcome, **values)  # type: ignore[arg-type]


@dataclass
class Script:
    """A channel that answers as it is told and takes everything once it is told nothing more."""

    name: str
    answers: list[Answer] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    seen: list[tuple[int, Message]] = field(default_factory=list)
    most_items: int = 5

    def send(self, message: Message, now_ms: int) -> Sent:
        self.seen.append((now_ms, message))
        sent = self.answers.pop(0)(message) if self.answers else Sent(outcome=Outcome.ACCEPTED)
        if sent.outcome is Outcome.ACCEPTED:
            self.taken.append(message)
        return sent

    def lost_answer(self) -> Answer:
        """It takes the message and nobody hears of it."""

        def answer(message: Message) -> Sent:
            self.taken.append(message)
            return Sent(outcome=Outcome.UNKNOWN)

        return answer

    def crash(self, *, after: bool) -> Answer:
        """The process dies during the attempt, before or after the message was taken."""

        def answer(message: Message) -> Sent:
            if after:
                self.taken.append(message)
            raise Crash

        return answer

    def copies(self) -> Counter[str]:
        """How often each message was taken, in digests too."""
        return Counter(key for message in self.taken for key in message.key.split("+"))


@dataclass
class People:
    """Everybody has a name; those who are named here read English."""

    english: frozenset[int] = frozenset()

    def of(self, person: int) -> Recipient:
        return Recipient(
            name=Text(zh=f"人{person}", en=f"P{person}"), language="en" if person in self.english else "zh"
        )


@dataclass
class PostOffice:
    """Everything between the outbox and two channels."""

    engine: sa.Engine
    clock: ManualClock
    channels: Sequence[Channel]
    routes: Mapping[str, Sequence[str]]
    people: People = field(default_factory=People)
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process over the same database."""
        self.courier = Courier(
            Outbox(self.engine),
            SqlPreferences(self.engine),
            channels=self.channels,
            routes=self.routes,
            recipients=self.people,
            zone=ZONE,
            link=lambda ref: f"https://city.example/tasks/{ref}",
            clock=self.clock,
            threads=False,
        )

    def wish(self, person: int, preference: Preference) -> None:
        """What somebody wishes."""
        SqlPreferences(self.engine).set_preference(person, preference, self.clock.now_ms())

    def tell(
        self,
        number: int,
        person: int = 1,
        *,
        severity: Severity = Severity.MEDIUM,
        ways: Sequence[str] = ("app",),
        kind: str = "task",
    ) -> None:
        """Write a message, as a transaction of dispatch does."""
        with writing(self.engine) as connection:
            ledger = Ledger(connection, self.clock.now_ms())
            title, body = Text(zh=f"事 {number}", en=f"Thing {number}"), Text(zh="某处", en="somewhere")
            ledger.notify(
                kind,
                ref=str(number),
                version=1,
                person=person,
                channels=ways,
                title=title,
                body=body,
                severity=severity,
            )
            ledger.flush()

    def withdraw(self, number: int) -> None:
        """Take a message back, as an accepted task does."""
        with writing(self.engine) as connection:
            Ledger(connection, self.clock.now_ms()).withdraw(number)

    def step(self) -> bool:
        """One round; false if the process died in it."""
        try:
            self.courier.step()
        except Crash:
            self.restart()
            return False
        return True

    def run(self, hours: float = 30, most: int = 5_000, stride_ms: int = 1_000) -> None:
        """Rounds until nothing waits, each at the next moment at which something is due."""
        end_ms = self.clock.now_ms() + round(hours * 3_600_000)
        for _ in range(most):
            self.step()
            following = self.next_ms()
            if following is None or self.clock.now_ms() > end_ms:
                return
            self.clock.advance(max(following - self.clock.now_ms(), stride_ms))
        raise AssertionError("it never comes to rest")

    def next_ms(self) -> int | None:
        """When something is due; ``None`` when nothing waits."""
        table = tables.outbox
        with self.engine.connect() as connection:
            open_rows = table.c.state.in_(["waiting", "sending"])
            if connection.execute(sa.select(sa.func.count()).where(open_rows)).scalar_one() == 0:
                return None
            found = connection.execute(sa.select(sa.func.min(table.c.next_ms)).where(open_rows)).scalar()
            return int(found) if found is not None else self.clock.now_ms()

    def rows(self) -> Sequence[sa.Row[tuple[object, ...]]]:
        """The outbox."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.id)).all()

    def states(self) -> Counter[str]:
        """How many messages stand where."""
        return Counter(str(row.state) for row in self.rows())


def post_office(
    scripts: Sequence[Script], *, personal: Sequence[str] = (), per_minute: int = 0, ways: Sequence[str] = ("app",)
) -> Iterator[PostOffice]:
    """An office over an empty database in memory, with one route for all ways."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare(engine, durable=False)
    delivery_tables.metadata.create_all(engine)
    channels = [
        Channel(name=one.name, kind="log", sender=one, personal=one.name in personal, per_minute=per_minute)
        for one in scripts
    ]
    routes = {way: [one.name for one in scripts] for way in ways}
    yield PostOffice(engine=engine, clock=ManualClock(MONDAY_9), channels=channels, routes=routes)
    engine.dispose()

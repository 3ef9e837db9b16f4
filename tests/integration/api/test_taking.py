"""Who may take a repair that is not theirs, over HTTP on the real dispatch: trades, certificates, what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.alarms import ChangeKind, Severity
from core.people import Certificate, Leave, Role
from core.ports.cases import Mode
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.modes import ClassWishes
from dispatch.policy import Policy
from dispatch.queries import SqlCaseQueries
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.case_world import Town as Roster
from tests.unit.dispatch.hall import MONDAY_9, RULES, change

PAPER = "低压电工"
TODAY, YESTERDAY = "2026-11-23", "2026-11-22"
ASKED = Policy(classes={"sewage_pump": ClassWishes(certificate=PAPER)}, modes={Severity.MEDIUM: Mode.CLAIM})
HOLDS: Mapping[str, Any] = {"certificates": (Certificate(name=PAPER, valid_to=TODAY),)}
HELD: Mapping[str, Any] = {
    "certificates": (Certificate(name=PAPER, valid_to="2020-01-01"), Certificate(name=PAPER, valid_to=YESTERDAY)),
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        for code, role in (("aa-m3", Role.MAINTAINER), ("aa-g2", Role.GRID_WORKER)):
            made.give_login(code, role)
        yield made


def opened(town: Town, rule_id: str, policy: Policy, people: Mapping[str, Mapping[str, Any]]) -> int:
    """The handling task of a new case in a city with these people and this policy."""
    hall = town.hall
    whole = hall.city.registry.roster()
    changed = {one.number: replace(one, **people.get(one.code, {})) for one in whole.people.values()}
    source = Roster(replace(whole, people=changed), set())
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source, policy=policy)
    hall.desk = SqlDesk(hall.engine, rules=RULES.get, source=source, policy=policy)
    hall.queries = SqlCaseQueries(hall.engine, source, policy)
    hall.apply(change(ChangeKind.OPENED, rule_id, facility=hall.city.facility("aa-sp-01")), now_ms=MONDAY_9)
    return next(task.number for kind, task in hall.tasks().items() if kind == "handle")


def refused(answer: Any) -> str:
    """What a refusal for want of trade or certificate says."""
    assert (answer.status_code, answer.json()["code"]) == (403, "TG-4035"), answer.text
    return str(answer.json()["detail"])


def passed_over(shown: Any) -> dict[str, str]:
    """By name, why routing did not give the task to somebody."""
    return {one["person"]["name"]["en"]: one["passed_over"] for one in shown["routing"] if one["person"]}


def test_whoever_lacks_the_trade_does_not_take_a_critical_repair(town: Town) -> None:
    """Passed over for it, and refused for it, in both languages; the owner has it still. A foreman may take it."""
    task = opened(town, "critical", Policy(), {"aa-m2": {"skills": frozenset({"lift"})}})
    with town.browser("aa-m1") as owner, town.browser("aa-m2") as other, town.browser("aa-m3") as foreman:
        shown = other.get(f"/api/v1/tasks/{task}").json()
        assert passed_over(shown)["Maintainer A2"] == "no_skill"
        assert "accept" not in shown["actions"]
        assert refused(town.step(other, task, "accept")) == "该维修要求“水泵”技能：维修员甲二没有登记此技能"
        other.patch("/api/v1/session", json={"language": "en"})
        said = "this repair asks for the trade “pumps”: it is not among those of Maintainer A2"
        assert refused(town.step(other, task, "accept")) == said
        mine = owner.get(f"/api/v1/tasks/{task}").json()
        assert (mine["state"], mine["mine"], len(mine["history"])) == ("waiting", True, len(shown["history"]))
        assert town.step(foreman, task, "accept").status_code == 200


@pytest.mark.parametrize("rule_id", ["critical", "medium"])
def test_the_certificate_is_asked_of_whoever_takes_what_is_not_theirs(town: Town, rule_id: str) -> None:
    """Assigned or offered to all who are fit: named with its last day, for foremen and managers too."""
    people = {"aa-m1": {**HOLDS, "leave": (Leave(first_day=TODAY, last_day=TODAY),)}, "aa-m2": HELD}
    task = opened(town, rule_id, ASKED, people)
    with town.browser("aa-m2") as ended, town.browser("mgr-a") as manager, town.browser("aa-m1") as holder:
        shown = ended.get(f"/api/v1/tasks/{task}").json()
        assert passed_over(shown)["Maintainer A2"] == "no_certificate"
        assert "accept" not in shown["actions"]
        said = "该维修要求持有效的“低压电工”证书：维修员甲二的证书有效期至 2026-11-22，已过期"
        assert refused(town.step(ended, task, "accept")) == said
        ended.patch("/api/v1/session", json={"language": "en"})
        said = "this repair asks for a valid certificate “低压电工”: that of Maintainer A2 was valid until 2026-11-22"
        assert refused(town.step(ended, task, "accept")) == said
        assert shown["owner"]["name"]["en"] == "Foreman A", "nobody fit is there"
        assert refused(town.step(manager, task, "accept")) == "该维修要求持有效的“低压电工”证书：管理员甲没有此证书"
        taken = town.step(holder, task, "accept")
        assert taken.status_code == 200, "on leave, of their own will, on the last day of the certificate"
        assert taken.json()["mine"]


def test_an_offer_is_claimed_with_the_certificate_alone(town: Town) -> None:
    """Two hold it, one is the owner: the other claims; the one without it is not offered it and cannot claim it."""
    third = {"supervisor": False, "skills": frozenset({"pump"})}
    task = opened(town, "medium", ASKED, {"aa-m1": HOLDS, "aa-m2": HOLDS, "aa-m3": third})
    with town.browser("aa-m3") as without, town.browser("aa-m1") as one, town.browser("aa-m2") as two:
        assert without.get("/api/v1/tasks?mine=true").json()["items"] == []
        assert "没有此证书" in refused(town.step(without, task, "accept"))
        both = [one, two]
        owns = [client.get(f"/api/v1/tasks/{task}").json()["mine"] for client in both]
        assert sorted(owns) == [False, True]
        claims = both[owns.index(False)]
        assert [item["id"] for item in claims.get("/api/v1/tasks?mine=true").json()["items"]] == [task]
        assert town.step(claims, task, "accept").json()["mine"]


def test_a_verification_asks_for_neither(town: Town) -> None:
    """To look needs no trade: a colleague of the other grid takes it as before."""
    opened(town, "critical", ASKED, {"aa-m1": HOLDS})
    (look,) = (task.number for kind, task in town.hall.tasks().items() if kind == "verify")
    with town.browser("aa-g2") as colleague:
        assert town.step(colleague, look, "accept").status_code == 200


def test_a_supervisor_gives_it_to_somebody_without_the_trade_knowingly(town: Town) -> None:
    """With a reason, which stands in the history beside what was lacking, in both languages."""
    task = opened(town, "critical", Policy(), {"aa-m2": {"skills": frozenset()}})
    to = town.hall.city.person("aa-m2")
    with town.browser("mgr-a") as manager, town.browser("aa-m2") as other:
        assert town.step(manager, task, "transfer", to_person=to).json()["code"] == "TG-4223"
        done = town.step(manager, task, "transfer", to_person=to, note="the others are at the flood")
        assert done.status_code == 200, done.text
        lines = {one["what"]: one for one in done.json()["history"]}
        assert lines["transfer"]["note"] == "the others are at the flood"
        assert lines["unfit"]["by"]["en"] == "Manager A"
        assert lines["unfit"]["note"] == (
            "该维修要求“水泵”技能：维修员甲二没有登记此技能 / "
            "this repair asks for the trade “pumps”: it is not among those of Maintainer A2"
        )
        assert town.step(other, task, "accept").status_code == 200


def test_without_the_certificate_it_goes_only_to_somebody_above(town: Town) -> None:
    """To no worker and no volunteer, whatever the reason; to a foreman, who has it done, and the history says so."""
    people = {"aa-m1": HOLDS, "aa-m2": HELD, "aa-g2": {**HOLDS, "volunteer": True}}
    task = opened(town, "critical", ASKED, people)
    person = town.hall.city.person
    with town.browser("mgr-a") as manager, town.browser("aa-m3") as foreman:
        before = len(manager.get(f"/api/v1/tasks/{task}").json()["history"])
        why = {"note": "nobody else is near"}
        said = refused(town.step(manager, task, "transfer", to_person=person("aa-m2"), **why))
        assert said == "该维修要求持有效的“低压电工”证书：维修员甲二的证书有效期至 2026-11-22，已过期"
        assert refused(town.step(manager, task, "transfer", to_person=person("aa-g2"), **why)) == "志愿者不承担维修"
        assert len(manager.get(f"/api/v1/tasks/{task}").json()["history"]) == before
        done = town.step(manager, task, "transfer", to_person=person("aa-m3"), **why)
        assert done.status_code == 200, done.text
        assert "低压电工" in {one["what"]: one["note"] for one in done.json()["history"]}["unfit"]
        assert town.step(foreman, task, "accept").status_code == 200, "it is theirs"


def test_whoever_is_fit_is_given_it_without_a_word(town: Town) -> None:
    """Nothing was lacking: the history says nothing of it."""
    task = opened(town, "critical", ASKED, {"aa-m1": HOLDS, "aa-m2": HOLDS})
    with town.browser("mgr-a") as manager:
        done = town.step(manager, task, "transfer", to_person=town.hall.city.person("aa-m2"), note="nearer")
        assert done.status_code == 200, done.text
        assert "unfit" not in {one["what"] for one in done.json()["history"]}


def test_whom_it_may_go_to_is_shown_before(town: Town) -> None:
    """Who may have it first, with what they lack; of the others why not, in both languages, as the step then says."""
    people = {"aa-m1": HOLDS, "aa-m2": HELD, "aa-g2": {**HOLDS, "volunteer": True}}
    task = opened(town, "critical", ASKED, people)
    with town.browser("mgr-a") as manager, town.browser("aa-m2") as worker:
        items = manager.get(f"/api/v1/tasks/{task}/receivers").json()["items"]
        names = {one["person"]["name"]["en"]: one for one in items}
        assert "Maintainer A1" not in names, "it is theirs already"
        assert not {"Maintainer B1", "Grid worker B1"} & names.keys(), "they work elsewhere"
        assert names["Maintainer A2"]["refused"] == {
            "zh": "该维修要求持有效的“低压电工”证书：维修员甲二的证书有效期至 2026-11-22，已过期",
            "en": "this repair asks for a valid certificate “低压电工”: "
            "that of Maintainer A2 was valid until 2026-11-22",
        }
        assert names["Foreman A"]["refused"] is None
        assert "低压电工" in names["Foreman A"]["lacks"]["zh"]
        assert names["Technician"]["refused"]["en"] == "Technician belongs to neither grid and takes no tasks"
        refusals = [one["refused"] is not None for one in items]
        assert refusals == sorted(refusals)
        for one in items:
            if one["refused"] is not None:
                said = refused(town.step(manager, task, "transfer", to_person=one["person"]["id"], note="nearer"))
                assert said == one["refused"]["zh"]
        assert worker.get(f"/api/v1/tasks/{task}/receivers").json()["code"] == "TG-4030"

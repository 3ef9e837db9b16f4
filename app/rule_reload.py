"""Another rule folder for a running core, without a restart.

``twingrid rule reload`` leaves a request beside the core's status and waits for the answer; a core looks for one every
second. A SIGHUP to the core process asks the same. What does not load, or does not fit the facilities, changes nothing
and is told with all its findings: in the answer, the log, the core's status, and so on the health page.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.findings import RULES_DO_NOT_FIT
from core.alarms import Severity
from core.errors import Invalid, Refused
from core.findings import Finding
from core.whole_file import write_whole
from rules.rule_set import RuleSet

log = logging.getLogger(__name__)

_MODE = 0o600
_MOST_FINDINGS = 200


@dataclass(frozen=True, kw_only=True)
class ToldFinding:
    """A finding in both languages, for who reads the answer in another process."""

    code: str
    place: str
    what_zh: str
    what_en: str
    fix_zh: str
    fix_en: str

    @classmethod
    def of(cls, finding: Finding) -> ToldFinding:
        """The finding, said."""
        return cls(
            code=finding.code,
            place=finding.place,
            what_zh=finding.what_in("zh"),
            what_en=finding.what_in("en"),
            fix_zh=finding.fix_in("zh"),
            fix_en=finding.fix_in("en"),
        )


@dataclass(frozen=True, kw_only=True)
class ReloadAnswer:
    """What became of a request.

    Attributes:
        token: of the request; empty for a signal.
        at_ms: when.
        accepted: whether the folder was taken.
        judged: whether the judge goes by it already; it waits while the database is away.
        version: of the rule set in force.
        rules: how many are in force.
        changes: ids of kept, changed, added and removed rules; a kept rule keeps its state.
        findings: why not, when not.
    """

    token: str
    at_ms: int
    accepted: bool
    version: str
    rules: int
    judged: bool = True
    changes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    findings: tuple[ToldFinding, ...] = ()


def compared(old: RuleSet, new: RuleSet) -> Mapping[str, tuple[str, ...]]:
    """Ids of kept, changed, added and removed rules: a rule is kept while it judges alike."""
    both = [rule for rule in new.rules if rule.id in old.by_id]
    kept = {rule.id for rule in both if old.by_id[rule.id].fingerprint == rule.fingerprint}
    return {
        "kept": tuple(sorted(kept)),
        "changed": tuple(sorted(rule.id for rule in both if rule.id not in kept)),
        "added": tuple(sorted(set(new.by_id) - set(old.by_id))),
        "removed": tuple(sorted(set(old.by_id) - set(new.by_id))),
    }


def removed_rules(old: RuleSet | None, new: RuleSet) -> Mapping[str, Severity]:
    """Rules that have left, with their severity: their alarms end."""
    gone = [] if old is None else [rule for rule in old.rules if rule.id not in new.by_id]
    return {rule.id: rule.info.severity for rule in gone}


# --- the files between the processes ------------------------------------------------------------------------------


class ReloadDesk:
    """The request and the answer, as files in the folder of the core's status."""

    def __init__(self, folder: Path) -> None:
        """In ``data_dir/run``."""
        self._request = folder / "rules-request"
        self._answer = folder / "rules.json"

    def ask(self) -> str:
        """Leave a request; its token.

        Raises:
            OSError: if it cannot be written.
        """
        token = secrets.token_hex(8)
        self._request.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._request, token.encode(), _MODE)
        return token

    def asked(self) -> str:
        """The token of the newest request; empty if there is none."""
        try:
            return self._request.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def tell(self, answer: ReloadAnswer) -> None:
        """Answer.

        Raises:
            OSError: if it cannot be written.
        """
        write_whole(self._answer, json.dumps(asdict(answer), ensure_ascii=False).encode(), _MODE)

    def told(self) -> ReloadAnswer | None:
        """The newest answer; ``None`` if there is none."""
        try:
            data = json.loads(self._answer.read_text(encoding="utf-8"))
            findings = tuple(ToldFinding(**one) for one in data.pop("findings"))
            return ReloadAnswer(findings=findings, **data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


# --- in the core --------------------------------------------------------------------------------------------------


class RuleReloader:
    """Looks for requests in the core, and answers them; one chore calls ``step``."""

    def __init__(
        self,
        desk: ReloadDesk,
        *,
        read: Callable[[], tuple[Mapping[str, str], RuleSet]],
        in_force: Callable[[], RuleSet],
        apply: Callable[[RuleSet], bool],
        keep: Callable[[Mapping[str, str]], None],
        refused: Sequence[Finding] = (),
    ) -> None:
        """Join it to the core.

        Args:
            desk: where requests are found.
            read: the texts and rules of the folder now; raises ``Invalid``.
            in_force: the rules in force.
            apply: puts rules in force and waits until they are; False if they were not in time. Raises ``Refused`` if
                they do not fit the facilities.
            keep: keeps the texts of accepted files; raises ``OSError``.
            refused: why the folder was not taken at the start.
        """
        self._desk = desk
        self._read = read
        self._in_force = in_force
        self._apply = apply
        self._keep = keep
        self._token = desk.asked()
        self._signalled = False
        self.refused: tuple[Finding, ...] = tuple(refused)
        self.counts = Counter[str](rule_reloads=0, rule_reloads_refused=0)

    def signal(self) -> None:
        """Reload at the next step: a SIGHUP has come."""
        self._signalled = True

    def step(self, now_ms: int) -> ReloadAnswer | None:
        """Answer a request, if there is a new one."""
        token = self._desk.asked()
        if token == self._token and not self._signalled:
            return None
        answer = self._reload(token if token != self._token else "", now_ms)
        self._token, self._signalled = token, False
        try:
            self._desk.tell(answer)
        except OSError as error:
            log.error("the answer to a reload cannot be written", extra={"why": str(error)})
        return answer

    def _reload(self, token: str, now_ms: int) -> ReloadAnswer:
        old = self._in_force()
        try:
            sources, new = self._read()
            changes = compared(old, new)
            done = self._apply(new)
        except Invalid as error:
            return self._refuse(token, now_ms, error.findings)
        except Refused as error:
            return self._refuse(token, now_ms, [RULES_DO_NOT_FIT.at(reason=error)])
        self.refused = ()
        self.counts["rule_reloads"] += 1
        try:
            self._keep(sources)
        except OSError as error:
            log.error("the rules in force cannot be kept", extra={"why": str(error)})
        sizes = {name: len(ids) for name, ids in changes.items()}
        log.info("rules reloaded", extra={"version": new.version, "done": done, **sizes})
        return ReloadAnswer(
            token=token, at_ms=now_ms, accepted=True, version=new.version, rules=len(new), judged=done, changes=changes
        )

    def _refuse(self, token: str, now_ms: int, findings: Sequence[Finding]) -> ReloadAnswer:
        self.refused = tuple(findings)
        self.counts["rule_reloads_refused"] += 1
        for finding in findings:
            log.error("the rules were not reloaded, those in force stay", extra={"finding": str(finding)})
        old = self._in_force()
        told = tuple(ToldFinding.of(finding) for finding in findings[:_MOST_FINDINGS])
        return ReloadAnswer(
            token=token, at_ms=now_ms, accepted=False, version=old.version, rules=len(old), findings=told
        )

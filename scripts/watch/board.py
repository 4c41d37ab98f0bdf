"""Which alarms stand: each is said once when it is raised and once when it is over."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import structlog

from ivr.alarms import ALARMS, Severity

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that stands now. since: ISO, UTC."""

    name: str
    severity: str
    zh: str
    en: str
    detail: str
    since: str
    runbook: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


class Board:
    def __init__(self) -> None:
        self.raised: dict[str, Standing] = {}
        self._true_since: dict[str, float] = {}

    def update(self, found: Mapping[str, str], now_s: float) -> None:
        """`found` is what holds now, name -> detail; `now_s` is a steady clock."""
        self._true_since = {name: self._true_since.get(name, now_s) for name in found}
        for name, detail in found.items():
            if now_s - self._true_since[name] >= ALARMS[name].after_s:
                self._stand(name, detail)
        for name in [name for name in self.raised if name not in found]:
            del self.raised[name]
            log.warning("alarm.cleared", alarm=name)

    def in_order(self) -> list[Standing]:
        """The worst first, then in the order of the table."""
        order = list(ALARMS)
        return sorted(
            self.raised.values(),
            key=lambda s: (s.severity != Severity.CRITICAL.value, order.index(s.name)),
        )

    def _stand(self, name: str, detail: str) -> None:
        before = self.raised.get(name)
        since = before.since if before else datetime.now(UTC).isoformat(timespec="seconds")
        self.raised[name] = stand = standing(name, detail, since)
        if before is None:
            say = log.error if stand.severity == Severity.CRITICAL.value else log.warning
            say("alarm.raised", alarm=name, says=stand.en, detail=detail, mend=stand.runbook)


def standing(name: str, detail: str, since: str) -> Standing:
    alarm = ALARMS[name]
    return Standing(name, alarm.severity.value, alarm.zh, alarm.en, detail, since, alarm.runbook)

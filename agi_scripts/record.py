import asyncio
import re
from collections.abc import Mapping

import structlog

from agi_scripts.services import Services
from ivr.errors import AgiError
from ivr.facts import decode_facts
from ivr.wire import Request
from routing.decided import decided_data
from routing.model import Mark, Question, Verdict
from routing.steps import Scalar, Step, StepKind

_CALL_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9]+-[0-9]+-[0-9a-f]{8}")
_MARKS: Mapping[str, Mark] = {mark.value: mark for mark in Mark}

log = structlog.get_logger(__name__)


class Record:
    """What the bridge writes down about one call. A journal that fails never fails the call."""

    def __init__(self, services: Services, request: Request) -> None:
        self._services = services
        self._request = request
        self._begun = False
        self.facts = decode_facts(request.argument(1))
        call_id = self.facts.get("call", "")
        self.call_id = call_id if _CALL_ID.fullmatch(call_id) else None

    @property
    def caller_marks(self) -> frozenset[Mark]:
        names = self.facts.get("marks", "").split(",")
        return frozenset(_MARKS[name] for name in names if name in _MARKS)

    @property
    def lines_in_use(self) -> int:
        lines = self.facts.get("lines", "")
        return int(lines) if lines.isdecimal() and len(lines) < 6 else 0

    def begun(self) -> None:
        """The call's start, written once however often it is said."""
        if self._begun:
            return
        self._begun = True
        headers = self._request.headers
        self._write(
            StepKind.INTAKE,
            {
                **self.facts,
                "agi_channel": headers.get("agi_channel", ""),
                "agi_language": headers.get("agi_language", ""),
                "agi_duplicates": ",".join(self._request.duplicates),
            },
        )

    def decided(
        self, question: Question, verdict: Verdict, key_ms: int | None, key_at: str | None
    ) -> None:
        """`key_ms` counts from the start of the last prompt, `key_at` is ISO in UTC."""
        self.begun()
        self._write(
            StepKind.DECIDED,
            {**decided_data(question, verdict), "key_ms": key_ms, "key_at": key_at},
        )

    def failed(self, error: BaseException) -> None:
        self.begun()
        self._write(
            StepKind.FAILED, {"reason": _reason(error), "error": f"{type(error).__name__}: {error}"}
        )

    def _write(self, kind: StepKind, data: Mapping[str, Scalar]) -> None:
        services = self._services
        leg = self._request.leg
        try:
            event_id = f"{services.node}/{leg}/{kind.value}"
            now = services.now()
            services.journal.write(
                Step(event_id, kind, services.node, leg, self.call_id, now, data)
            )
        except Exception:
            log.exception("journal.refused_step", call_id=self.call_id, kind=kind.value)


def _reason(error: BaseException) -> str:
    if isinstance(error, AgiError):
        return error.reason
    return "bridge-stopped" if isinstance(error, asyncio.CancelledError) else "script-error"

from dataclasses import dataclass

import structlog
from structlog.contextvars import bind_contextvars

from agi_scripts.record import Record
from agi_scripts.services import Services
from ivr.channel import Channel, pressed_key
from ivr.errors import PromptFailed
from ivr.variables import LANGUAGE, MENU_KEYS, PROMPTS, VERDICT, encode_verdict
from ivr.wire import Reply, Request
from routing.decide import decide
from routing.menu import Prompt, next_prompt
from routing.model import Question, Verdict
from routing.rules import RuleSet

GUARD_SLACK_S = 2.0
# A prompt that is there cannot be over so soon; one that is missing is over at once.
TOO_SHORT_S = 0.1

log = structlog.get_logger(__name__)


async def intake(
    services: Services, channel: Channel, request: Request, *, told_as: str = "call.decided"
) -> None:
    """Greet a 110 caller, take one key, and say where the call goes as the very last command.

    Reads no database, and nothing is written in front of the caller's prompt. Whatever goes wrong
    is recorded and ends the script: a verdict that was never set means the police.
    """
    record = Record(services, request)
    bind_contextvars(call_id=record.call_id)
    began = services.monotonic()
    try:
        verdict = await _Intake(services, channel, record, request).run()
    except BaseException as error:
        record.failed(error)
        raise
    services.decided(verdict, services.monotonic() - began)
    log.info(
        told_as,
        call_id=record.call_id,
        verdict=verdict.target.value,
        reason=verdict.reason,
        key=verdict.key,
    )


@dataclass(slots=True)
class _Intake:
    services: Services
    channel: Channel
    record: Record
    request: Request
    key_ms: int | None = None
    key_at: str | None = None

    async def run(self) -> Verdict:
        rules = self.services.rules()
        keys, prompt_failed = await self._ask(rules)
        question = Question(
            keys,
            self.services.now(),
            self.record.caller_marks,
            self.record.lines_in_use,
            prompt_failed,
        )
        verdict = decide(question, rules)
        done = self.channel.set_variable(VERDICT, encode_verdict(verdict))
        self.record.decided(question, verdict, self.key_ms, self.key_at)
        await done
        return verdict

    async def _ask(self, rules: RuleSet) -> tuple[tuple[str | None, ...], bool]:
        """The keys of all askings, and whether the next prompt could not be played."""
        keys: tuple[str | None, ...] = ()
        language = self.request.headers.get("agi_language", "zh")
        while (prompt := next_prompt(keys, rules)) is not None:
            guard_s = self._longest_s(prompt)
            await self.channel.arm_guard(guard_s)
            if prompt.language != language:
                language = prompt.language
                await self.channel.set_variable(LANGUAGE, language)
            try:
                keys += (await self._key(prompt, guard_s),)
            except PromptFailed:
                await self.channel.stay()
                return keys, True
        return keys, False

    async def _key(self, prompt: Prompt, within_s: float) -> str | None:
        asked = self.channel.get_option(
            PROMPTS + prompt.name, MENU_KEYS, round(prompt.patience_s * 1000), within_s
        )
        self.key_ms = self.key_at = None
        started = self.services.monotonic()
        self.record.begun()
        reply = await asked
        took_s = self.services.monotonic() - started
        key = _heard(reply, took_s)
        self.key_ms = None if key is None else round(took_s * 1000)
        self.key_at = None if key is None else self.services.now().isoformat()
        return key

    def _longest_s(self, prompt: Prompt) -> float:
        length_s = self.services.prompt_length_s(prompt.language, prompt.name)
        return length_s + prompt.patience_s + GUARD_SLACK_S


def _heard(reply: Reply, took_s: float) -> str | None:
    if reply.result == 0 and reply.endpos == 0 and took_s < TOO_SHORT_S:
        raise PromptFailed("(nothing was played)")
    return pressed_key(reply)

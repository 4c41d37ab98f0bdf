import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from agi_scripts.registry import scripts
from agi_scripts.services import Services
from ivr.server import AgiServer, Limits
from routing.model import Question
from routing.rules import RuleSet
from routing.steps import Step
from tests.integration.conftest import ListJournal
from tests.integration.fake_asterisk import (
    CALL_ID,
    DONE,
    FACTS,
    LEG,
    NO_KEY,
    PROMPT_BROKE,
    PROMPT_MISSING,
    SILENCE,
    FakeCall,
    environment,
    key,
    play,
    serving,
)

GUARD = "SET VARIABLE TIMEOUT(absolute) 9.4"
ENGLISH_GUARD = "SET VARIABLE TIMEOUT(absolute) 9"
ASK = 'GET OPTION l110/menu "0123456789*#ABCD" 2000'
ENGLISH = "SET VARIABLE CHANNEL(language) en"

MakeServices = Callable[..., Services]


def run(services: Services, *answers: str, hello: bytes | None = None) -> list[str]:
    async def main() -> list[str]:
        async with serving(scripts(services)) as (port, _):
            return await play(port, *answers, hello=hello)

    return asyncio.run(main())


def verdict(wire: str) -> str:
    return f'SET VARIABLE L110_VERDICT "{wire}"'


@pytest.mark.parametrize(
    ("answers", "before", "wire"),
    [
        ((key("1"),), [GUARD, ASK], "police:1:rule:key-1:{v}:zh:-"),
        ((key("2"),), [GUARD, ASK], "livelihood:2:rule:key-2:{v}:zh:-"),
        ((key("5"),), [GUARD, ASK], "police:5:rule:key-5:{v}:zh:silent"),
        ((NO_KEY,), [GUARD, ASK], "police:-:no-key:-:{v}:zh:-"),
        ((key("8"), key("2")), [GUARD, ASK] * 2, "livelihood:2:rule:key-2:{v}:zh:-"),
        ((key("8"), NO_KEY), [GUARD, ASK] * 2, "police:-:no-key:-:{v}:zh:-"),
        ((key("8"), key("7")), [GUARD, ASK] * 2, "police:7:wrong-key:-:{v}:zh:-"),
        ((key("A"), key("*")), [GUARD, ASK] * 2, "police:*:wrong-key:-:{v}:zh:-"),
        (
            (key("9"), key("2")),
            [GUARD, ASK, ENGLISH_GUARD, ENGLISH, ASK],
            "livelihood:2:rule:key-2:{v}:en:-",
        ),
        (
            (key("9"), NO_KEY),
            [GUARD, ASK, ENGLISH_GUARD, ENGLISH, ASK],
            "police:-:no-key:-:{v}:en:-",
        ),
        (
            (key("9"), key("9"), key("1")),
            [GUARD, ASK, ENGLISH_GUARD, ENGLISH, ASK, ENGLISH_GUARD, ASK],
            "police:1:rule:key-1:{v}:en:-",
        ),
    ],
)
def test_every_branch_of_the_menu_ends_with_the_verdict_as_the_last_command(
    services: MakeServices,
    menu_on: RuleSet,
    answers: tuple[str, ...],
    before: list[str],
    wire: str,
) -> None:
    commands = run(services(), *answers)
    assert commands == [*before, verdict(wire.format(v=menu_on.version))]


def test_with_the_menu_off_the_verdict_is_the_only_command(
    services: MakeServices, menu_off: RuleSet, journal: ListJournal
) -> None:
    commands = run(services(rules=lambda: menu_off))
    assert commands == [verdict(f"police:-:menu-off:-:{menu_off.version}:zh:-")]
    assert journal.kinds == ["intake", "decided"]


def test_a_channel_that_speaks_another_language_is_told_the_menus(services: MakeServices) -> None:
    commands = run(services(), key("1"), hello=environment(agi_language="en"))
    assert commands[1] == "SET VARIABLE CHANNEL(language) zh"


def test_the_record_says_who_called_and_can_be_decided_again(
    services: MakeServices, journal: ListJournal
) -> None:
    run(services(), key("2"), hello=environment(facts=FACTS + "&marks=withheld,nonsense"))
    began, decided = journal.steps
    assert (began.event_id, decided.event_id) == (f"n1/{LEG}/intake", f"n1/{LEG}/decided")
    assert {step.call_id for step in journal.steps} == {CALL_ID}
    assert began.data["caller"] == "13800138000"
    assert began.data["sip"] == "a@b"
    assert began.data["agi_channel"] == "PJSIP/l110-trunk-00000001"
    question = Question.from_json(json.loads(str(decided.data["question"])))
    assert (question.keys, question.lines_in_use) == (("2",), 2)
    assert question.caller_marks == {"withheld"}
    assert decided.data["verdict"] == "livelihood"
    assert decided.data["rule_id"] == "key-2"


def test_the_time_of_the_key_counts_from_the_start_of_the_prompt(
    services: MakeServices, journal: ListJournal
) -> None:
    async def main() -> None:
        async with serving(scripts(services())) as (port, _):
            call = await FakeCall.dial(port)
            await call.until("GET OPTION")
            await asyncio.sleep(0.2)  # the caller thinks
            call.send(key("1"))
            await call.play()

    asyncio.run(main())
    data = journal.steps[-1].data
    assert isinstance(data["key_ms"], int)
    assert 150 <= data["key_ms"] < 1000
    assert datetime.fromisoformat(str(data["key_at"])).utcoffset() == timedelta(0)


def test_no_key_has_no_time(services: MakeServices, journal: ListJournal) -> None:
    run(services(), NO_KEY)
    assert journal.steps[-1].data["key_ms"] is None
    assert journal.steps[-1].data["key_at"] is None


def test_the_start_is_journaled_while_the_prompt_plays_and_not_before_it(
    services: MakeServices, journal: ListJournal
) -> None:
    async def main() -> None:
        async with serving(scripts(services())) as (port, _):
            call = await FakeCall.dial(port)
            await call.command()
            assert journal.kinds == []
            call.send(DONE)
            await call.command()
            await asyncio.sleep(0)
            assert journal.kinds == ["intake"]
            call.send(key("1"))
            await call.play()

    asyncio.run(main())


@pytest.mark.parametrize("answer", [PROMPT_BROKE, PROMPT_MISSING])
def test_a_prompt_that_cannot_be_played_gives_the_call_to_the_police_at_once(
    services: MakeServices, menu_on: RuleSet, journal: ListJournal, answer: str
) -> None:
    commands = run(services(), answer)
    assert commands[-1] == verdict(f"police:-:prompt-failed:-:{menu_on.version}:zh:-")
    assert journal.kinds == ["intake", "decided"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("HANGUP\n", "caller-hung-up"),
        ("200 result=-1 endpos=5\nHANGUP\n", "caller-hung-up"),
        ("HANGUP\n200 result=-1 endpos=5\n", "caller-hung-up"),
        ("510 Invalid or unknown command\n", "command-failed"),
        ("511 Command Not Permitted on a dead channel\n", "command-failed"),
        ("520-Invalid command syntax.\nUsage: x\n520 End of proper usage.\n", "command-failed"),
        ("520 Invalid command syntax.  Proper usage not available.\n", "command-failed"),
        ("what?\n", "agi-protocol-error"),
        ("\n", "agi-protocol-error"),
        ("200 result=\n", "agi-protocol-error"),
        ("x" * 9000, "agi-protocol-error"),
    ],
)
def test_after_any_fault_in_the_menu_nothing_more_is_tried(
    services: MakeServices, journal: ListJournal, answer: str, reason: str
) -> None:
    assert run(services(), answer) == [GUARD, ASK]
    assert journal.kinds == ["intake", "failed"]
    assert journal.steps[-1].data["reason"] == reason


def test_a_fault_before_the_prompt_still_leaves_the_whole_record(
    services: MakeServices, journal: ListJournal
) -> None:
    async def main() -> None:
        async with serving(scripts(services())) as (port, _):
            call = await FakeCall.dial(port)
            await call.command()
            call.send("HANGUP\n")
            assert await call.is_closed()

    asyncio.run(main())
    assert journal.kinds == ["intake", "failed"]


@pytest.mark.parametrize(
    ("last_word", "reason"), [(PROMPT_BROKE, "caller-hung-up"), (SILENCE, "connection-closed")]
)
def test_a_connection_that_closes_in_the_prompt_is_recorded(
    services: MakeServices, journal: ListJournal, last_word: str, reason: str
) -> None:
    async def main() -> AgiServer:
        async with serving(scripts(services())) as (port, server):
            call = await FakeCall.dial(port)
            await call.until("GET OPTION")
            call.send(last_word)
            await call.hang_up()
            await asyncio.wait(server.calls)
        return server

    counters = asyncio.run(main()).counters
    assert (counters.left, counters.failed) == (1, 0)
    assert journal.kinds == ["intake", "failed"]
    assert journal.steps[-1].data["reason"] == reason


def test_a_hang_up_while_the_verdict_is_on_its_way_is_recorded_after_it(
    services: MakeServices, journal: ListJournal
) -> None:
    async def main() -> None:
        async with serving(scripts(services())) as (port, server):
            call = await FakeCall.dial(port)
            await call.until("GET OPTION")
            call.send(NO_KEY)
            await call.command()
            await call.hang_up()
            await asyncio.wait(server.calls)

    asyncio.run(main())
    assert journal.kinds == ["intake", "decided", "failed"]
    assert journal.steps[-1].data["reason"] == "connection-closed"


def test_an_asterisk_that_falls_silent_is_given_up_in_time(
    services: MakeServices, journal: ListJournal
) -> None:
    async def main() -> None:
        async with serving(scripts(services()), Limits(reply_within_s=0.1)) as (port, _):
            call = await FakeCall.dial(port)
            await call.command()
            assert await call.is_closed(within_s=1.0)

    asyncio.run(main())
    assert journal.steps[-1].data["reason"] == "agi-timeout"


def test_a_prompt_without_end_is_given_up_when_the_guard_would_fire(
    services: MakeServices, journal: ListJournal, menu_on: RuleSet
) -> None:
    short = services()
    object.__setattr__(short, "prompt_length_s", lambda language, name: -3.9)

    async def main() -> None:
        async with serving(scripts(short)) as (port, _):
            call = await FakeCall.dial(port)
            await call.until("GET OPTION")
            assert await call.is_closed(within_s=1.0)

    asyncio.run(main())
    assert journal.steps[-1].data["reason"] == "agi-timeout"


class BrokenJournal:
    def write(self, step: Step) -> None:
        raise OSError("disk full")


class SlowJournal:
    def write(self, step: Step) -> None:
        time.sleep(0.05)


@pytest.mark.parametrize("sink", [BrokenJournal(), SlowJournal()])
def test_a_journal_that_fails_or_lags_changes_no_verdict(
    services: MakeServices, menu_on: RuleSet, sink: BrokenJournal | SlowJournal
) -> None:
    commands = run(services(sink=sink), key("2"))
    assert commands == [GUARD, ASK, verdict(f"livelihood:2:rule:key-2:{menu_on.version}:zh:-")]


def test_rules_that_raise_leave_the_call_to_the_police(
    services: MakeServices, journal: ListJournal
) -> None:
    def rules() -> RuleSet:
        raise RuntimeError("no rules")

    assert run(services(rules=rules)) == []
    assert journal.kinds == ["intake", "failed"]
    assert journal.steps[-1].data["reason"] == "script-error"


@pytest.mark.parametrize(
    "facts",
    ["", "&&&=", "call=../../etc&lines=99999999999&marks=,", "x" * 9000, "call=%FF&lines=²"],
)
def test_unreadable_facts_never_cost_the_caller_his_menu(
    services: MakeServices, journal: ListJournal, facts: str
) -> None:
    commands = run(services(), key("2"), hello=environment(facts=facts))
    assert commands[-1].startswith('SET VARIABLE L110_VERDICT "livelihood:2:')
    assert journal.kinds == ["intake", "decided"]
    assert journal.steps[0].call_id is None


def test_a_header_given_twice_is_flagged_in_the_record(
    services: MakeServices, journal: ListJournal
) -> None:
    hello = environment(agi_callerid="138\nagi_uniqueid: forged")
    run(services(), key("1"), hello=hello)
    assert journal.steps[0].leg == LEG
    assert journal.steps[0].data["agi_duplicates"] == "agi_uniqueid"

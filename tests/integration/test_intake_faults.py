import asyncio
import time

import pytest

from agi_scripts.registry import scripts
from ivr.server import AgiServer, Limits
from ivr.variables import encode_verdict
from routing.decide import decide
from routing.decided import decided_data, question_of
from routing.rules import RuleSet, parse_rules
from routing.steps import Step
from tests.integration.asking import ASK, GUARD, MakeServices, run, verdict
from tests.integration.conftest import ListJournal
from tests.integration.fake_asterisk import (
    LEG,
    NO_KEY,
    PROMPT_BROKE,
    PROMPT_MISSING,
    SILENCE,
    FakeCall,
    environment,
    key,
    serving,
)


@pytest.mark.parametrize("answer", [PROMPT_BROKE, PROMPT_MISSING])
def test_a_prompt_that_cannot_be_played_gives_the_call_to_the_police_at_once(
    services: MakeServices, menu_on: RuleSet, journal: ListJournal, answer: str
) -> None:
    commands = run(services(), answer)
    assert commands[-1] == verdict(f"police:-:prompt-failed:-:{menu_on.version}:zh:-")
    assert journal.kinds == ["intake", "decided"]


def test_a_second_prompt_that_cannot_be_played_keeps_the_language_that_was_asked_for(
    services: MakeServices, menu_on: RuleSet
) -> None:
    commands = run(services(), key("9"), PROMPT_BROKE)
    assert commands[-1] == verdict(f"police:-:prompt-failed:-:{menu_on.version}:en:-")


@pytest.mark.parametrize(
    "answers",
    [
        (PROMPT_BROKE,),
        (PROMPT_MISSING,),
        (key("8"), PROMPT_BROKE),
        (key("9"), PROMPT_MISSING),
        (key("9"), key("8"), PROMPT_BROKE),
        (key("8"), key("2")),
        (NO_KEY,),
    ],
)
def test_the_journaled_question_brings_the_very_same_verdict_again(
    services: MakeServices, menu_on: RuleSet, journal: ListJournal, answers: tuple[str, ...]
) -> None:
    commands = run(services(), *answers)
    decided = journal.steps[-1]
    question = question_of(decided)
    again = decide(question, parse_rules(menu_on.text, "again"))
    assert question.prompt_failed == (answers[-1] in (PROMPT_BROKE, PROMPT_MISSING))
    assert commands[-1] == verdict(encode_verdict(again))
    assert decided_data(question, again).items() <= decided.data.items()


@pytest.mark.fault("B6", how="a fake Asterisk over TCP")
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


@pytest.mark.fault("3", how="a fake Asterisk that closes in the prompt")
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


@pytest.mark.fault("B3", how="a fake Asterisk over TCP")
def test_a_header_given_twice_is_flagged_in_the_record(
    services: MakeServices, journal: ListJournal
) -> None:
    hello = environment(agi_callerid="138\nagi_uniqueid: forged")
    run(services(), key("1"), hello=hello)
    assert journal.steps[0].leg == LEG
    assert journal.steps[0].data["agi_duplicates"] == "agi_uniqueid"

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from agi_scripts.registry import scripts
from routing.model import Question
from routing.rules import RuleSet
from tests.integration.asking import ASK, ENGLISH, ENGLISH_GUARD, GUARD, MakeServices, run, verdict
from tests.integration.conftest import ListJournal
from tests.integration.fake_asterisk import (
    CALL_ID,
    DONE,
    FACTS,
    LEG,
    NO_KEY,
    FakeCall,
    environment,
    key,
    serving,
)


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

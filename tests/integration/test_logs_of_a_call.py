"""Every line about a call carries its id, and every line the process that said it."""

import asyncio
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
import structlog

from agi_scripts.registry import scripts
from ivr.facts import encode_facts
from scripts.logs import set_up_logs
from tests.integration.fake_asterisk import environment, key, play, serving

IDS = [f"20261123T202606Z-n1-{n}-0000000{n}" for n in (1, 2)]


@pytest.fixture
def said(capsys):
    set_up_logs("info", "ivr")

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines


def calls(services, *ids: str) -> None:
    """All at once, in one loop."""

    async def main() -> None:
        async with serving(scripts(services)) as (port, _):
            hellos = [environment(facts=encode_facts({"call": call_id})) for call_id in ids]
            await asyncio.gather(*(play(port, key("1"), hello=hello) for hello in hellos))

    asyncio.run(main())


def test_calls_at_once_have_each_its_own_id_and_leg_in_their_lines(services, said):
    calls(services(), *IDS)
    decided = [line for line in said() if line["event"] == "call.decided"]
    assert sorted(line["call_id"] for line in decided) == IDS
    assert all(line["leg"] and line["process"] == "ivr" for line in decided)


def test_a_script_that_fails_says_whose_call_it_was(services, said):
    def no_rules():
        raise RuntimeError("no rules")

    calls(replace(services(), rules=no_rules), IDS[0])
    (failed,) = [line for line in said() if line["event"] == "agi.failed"]
    assert (failed["call_id"], failed["process"]) == (IDS[0], "ivr")


def test_a_journal_that_refuses_says_whose_step_it_was(services, said):
    class Refuses:
        def write(self, step):
            raise OSError("no")

    calls(services(sink=Refuses()), IDS[1])
    refused = [line for line in said() if line["event"] == "journal.refused_step"]
    assert {line["call_id"] for line in refused} == {IDS[1]}


def test_what_is_said_after_a_call_does_not_carry_its_id(services, said):
    calls(services(), IDS[0])
    structlog.get_logger().info("rules.loaded")
    assert "call_id" not in said()[-1]


def test_a_thread_says_which_process_it_belongs_to(said):
    """A thread begins without the context of who started it."""
    log = structlog.get_logger()
    thread = threading.Thread(target=lambda: log.warning("journal.recovered"))
    thread.start()
    thread.join()
    assert said()[-1]["process"] == "ivr"

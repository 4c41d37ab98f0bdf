"""What a caller's number, a log and a user's rights may do at the real Asterisk's manager."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from ivr import ami_link
from ivr.ami import Event, Snapshot
from ivr.ami_words import Fields
from scripts.lab import sipp
from scripts.lab.callers import HangUp, Wait, caller
from tests.real_asterisk.ami_hands import GUARDED, add_users, came, client, until
from tests.real_asterisk.system import Records, node_alone

FORGED = (  # a caller's number that ends its own line, and brings an event of its own
    "138%0D%0AChannel%3A%20forged%0D%0A%0D%0AEvent%3A%20QueueCallerJoin%0D%0A"
    "Queue%3A%20forged%0D%0A%0D%0AEvent%3A%20X%0D%0AX%3A%20y"
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("rights"), 43) as records:
        add_users(records)
        yield records


def forged_call(node: Records, name: str) -> None:
    """A caller whose number is FORGED hears the menu for a second and goes."""
    sip = node.node.settings.sip
    sipp.call(
        node.node.settings.var.parent / "sipp",
        name,
        caller([Wait(1), HangUp()]),
        at=sipp.Endpoint(sip.switch_host, 7100, 31000),
        to=f"{sip.host}:{sip.port}",
        dial="110",
        people=[sipp.Person(FORGED)],
    ).wait(20)


@pytest.mark.parametrize(("user", "forged"), [("reader", []), ("wide", ["forged"])])
def test_a_callers_number_forges_no_event(node, user, forged) -> None:
    """The control is a user whom Asterisk sends every event: there the forged one counts."""
    heard: list[Snapshot | Event] = []
    before = {row.call_id for row in node.calls()}

    async def scene() -> None:
        async with client(node, user, "QueueCallerJoin") as ami:
            listening = asyncio.create_task(ami.listen(heard.append))
            await until(lambda: heard, 5)
            await asyncio.to_thread(forged_call, node, f"forged-{user}")
            assert await came(lambda: len(heard) > 1, 2) is bool(forged)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(scene())
    assert [item.fields["Queue"] for item in heard if isinstance(item, Event)] == forged
    assert node.new_call(before).caller == "unknown"


def last_wins(self: Fields, pairs) -> None:
    self._values = {n.lower(): v[-1] if isinstance(v, list) else v for n, v in pairs}


@GUARDED
def test_a_callers_number_replaces_no_field_before_it(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(Fields, "__init__", last_wins)

    async def scene() -> None:
        async with client(node, "wide", "Newchannel") as ami:
            stream = ami.events()
            await anext(stream)
            await asyncio.to_thread(forged_call, node, f"field-{guarded}")
            event = await anext(stream)
            assert isinstance(event, Event)
            assert event.fields["Channel"].startswith("PJSIP/l110-trunk-") is guarded
            await stream.aclose()

    asyncio.run(scene())


@GUARDED
def test_what_is_said_stands_in_no_log(node, guarded, caplog, monkeypatch) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(ami_link._silence, "disabled", guarded)

    async def scene() -> None:
        async with client(node, "actor") as actor:
            number = {"Variable": "T_NUMBER", "Value": "13812340001"}
            assert (await actor.action("Setvar", number)).ok
            assert (await actor.action("Getvar", {"Variable": "T_NUMBER"})).ok

    asyncio.run(scene())
    assert ("13812340001" not in caplog.text) is guarded


MAY_ACT = ("Originate", "Redirect", "Hangup", "Setvar", "QueuePause")
MAY_RULE = ("Command", "Reload", "ModuleLoad", "GetConfig", "UpdateConfig", "UserEvent")


@pytest.mark.parametrize("action", [*MAY_ACT, *MAY_RULE])
def test_the_reader_only_reads_and_the_actor_does_not_rule(node, action) -> None:
    """Each is told apart from a user who may: the actor, or one with write=all."""

    async def scene() -> None:
        said = {}
        for user in ("reader", "actor", "wide"):
            async with client(node, user) as ami:
                said[user] = (await ami.action(action)).message != "Permission denied"
        assert said == {"reader": False, "actor": action in MAY_ACT, "wide": True}

    asyncio.run(scene())


def test_the_manager_writes_and_reads_no_file(node, tmp_path) -> None:
    """Only the dialplan does. The control is another function, which the actor may set."""
    path = tmp_path / "written"

    async def scene() -> None:
        async with client(node, "actor") as ami:
            assert (await ami.action("Setvar", {"Variable": "GLOBAL(T_X)", "Value": "1"})).ok
            await ami.action("Setvar", {"Variable": f"FILE({path})", "Value": "1"})
            assert not path.exists()
            path.write_text("secret")
            said = await ami.action("Getvar", {"Variable": f"FILE({path},0,6)"})
            assert "secret" not in said.fields.get("Value", "")
            assert (await ami.action("Getvar", {"Variable": "GLOBAL(T_X)"})).fields["Value"] == "1"

    asyncio.run(scene())

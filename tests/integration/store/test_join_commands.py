"""`l110 tickets duplicates|join|unjoin` as the user sees them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from db.audit_log import entries
from db.engine import reading, writing
from scripts.cli.main import l110
from tests.integration.store.operators import add_operator
from tests.integration.store.test_joins import BURST, Desk


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


WANG = ("--as", "wang")


def test_the_commands_offer_join_and_part(desk: Desk, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    url = desk.engine.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(l110, ["--config", str(config), "tickets", *words])
        return done.exit_code, done.output

    with writing(desk.engine) as session:
        add_operator(session, "wang")
    first = desk.open(request="解放路12号水管爆了", **BURST)
    second = desk.open(request="路上全是水", **BURST)
    head, own = str(desk.row(first).number), str(desk.row(second).number)
    told = json.loads(run("duplicates", own, "--json")[1])
    assert [one["ticket"]["number"] for one in told["offers"]] == [head]
    assert told["offers"][0]["ticket"]["caller"] == "154****0001"
    assert "疑似重复" in run("duplicates", own)[1]
    assert run("join", own, head, *WANG, "--because", "one pipe")[0] == 0
    assert f"Joined to it: {own}" in run("duplicates", head)[1]
    code, output = run("join", head, own, *WANG, "--because", "the other way")
    assert (code, "is joined: join to an open or closed" in output) == (1, True)
    assert "is new again" in run("unjoin", own, *WANG, "--because", "two pipes")[1]
    code, output = run("unjoin", own, *WANG, "--because", "again")
    assert (code, "unjoin does not follow new" in output) == (1, True)
    with reading(desk.engine) as session:
        noted = [(row.by, row.action, row.outcome) for row in entries(session, 10)][::-1]
    assert noted == [
        ("wang", "ticket.join", "done"),
        ("wang", "ticket.join", "refused"),
        ("wang", "ticket.unjoin", "done"),
        ("wang", "ticket.unjoin", "refused"),
    ]
    assert "no user nobody" in run("join", own, head, "--as", "nobody", "--because", "x")[1]
    assert "no ticket 1" in run("join", own, "1", *WANG, "--because", "x")[1]

"""`l110 suggest` from a store of closed tickets to a suggestion."""

import json
from datetime import date
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from db.closed_texts import closed_texts
from db.engine import reading
from db.models import TicketRow
from scripts.cli.main import l110
from scripts.seeding.write import Plan, seed_tickets


def run(store: Engine, folder: Path, *words: str) -> Result:
    config = folder / "settings.toml"
    url = store.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{folder}/var"\n')
    return CliRunner().invoke(l110, ["--config", str(config), "suggest", *words])


def test_trained_shown_and_asked(store: Engine, tmp_path: Path) -> None:
    missing = run(store, tmp_path, "show")
    assert (missing.exit_code, "`l110 suggest train` makes one" in missing.output) == (1, True)
    little = run(store, tmp_path, "train")
    assert (little.exit_code, "`l110 seed` a store" in little.output) == (1, True)
    seed_tickets(store, Plan(tickets=2500, seed=2, until=date(2026, 11, 1), days=20))
    told = json.loads(run(store, tmp_path, "train", "--json").output)
    assert told["measured"]["accuracy"] > told["measured"]["majority"]
    assert json.loads(run(store, tmp_path, "show", "--json").output) == told
    assert "busiest unit, always" in run(store, tmp_path, "show").output
    found = json.loads(run(store, tmp_path, "unit", "解放路水管爆了", "--json").output)
    assert (len(found), found[0]["unit"]) == (3, "water")
    assert "water" in run(store, tmp_path, "unit", "解放路水管爆了").output
    assert "Nothing in this text was learnt" in run(store, tmp_path, "unit", "xyz").output


def test_sealed_and_open_tickets_teach_nothing(store: Engine) -> None:
    seed_tickets(store, Plan(tickets=800, seed=2, until=date(2026, 11, 1), days=20))
    with reading(store) as session:
        learnt = {each.number for each in closed_texts(session)}
        rows = session.scalars(select(TicketRow)).all()
    assert any(row.sealed and row.state == "closed" for row in rows)
    assert learnt == {
        row.number for row in rows if row.state == "closed" and row.unit and not row.sealed
    }

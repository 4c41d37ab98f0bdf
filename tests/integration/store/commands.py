"""`l110` as the user types it, on a store with its tables and a city."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from scripts.cli.main import l110


def says(*command: str, text: str | None = None) -> Result:
    return CliRunner().invoke(l110, list(command), input=text)


def as_json(*command: str, text: str | None = None) -> Any:  # noqa: ANN401
    answer = says(*command, "--json", text=text)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def imported(folder: Path) -> str:
    """The number of a ticket."""
    file = folder / "one.csv"
    file.write_text(
        "工单编号,受理时间,诉求内容\nGD-1,2026-01-02 09:00,水管爆了\n", encoding="utf-8"
    )
    command = ("tickets", "import", str(file), "--hotline", "12345", "--by", "wang")
    report = folder / "one-report.csv"
    assert says(*command, "--report", str(report)).exit_code == 0
    return report.read_text(encoding="utf-8-sig").splitlines()[1].split(",")[3]

"""`l110 tickets import`, as the user sees it."""

import json
from pathlib import Path

import openpyxl
import pytest

from tests.integration.store.commands import as_json, says


def test_a_table_is_imported_with_a_report_of_each_row(site_city: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["工单编号", "受理时间", "诉求内容", "区域", "天气"])
    book.active.append(["=GD-1", "2026-01-02 09:00", "=1+1", "A01", "晴"])
    book.active.append(["GD-2", "2026-01-02 09:00", "停水", "A99", "晴"])
    book.active.append(["=GD-1", "2026-01-02 09:00", "again", "A01", "晴"])
    book.save(tmp_path / "t.xlsx")
    command = ("tickets", "import", str(tmp_path / "t.xlsx"), "--hotline", "12345", "--by", "wang")
    dry = says(*command, "--dry-run")
    assert dry.exit_code == 1
    assert "1 would be accepted, 1 there before, 1 refused" in dry.output
    assert as_json("tickets", "list") == []
    report = tmp_path / "out.csv"
    done = says(*command, "--report", str(report), "--json")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert (told["accepted"], told["duplicate"], told["refused"]) == (1, 1, 1)
    assert told["columns_left_out"] == ["天气"]
    assert told["refused_rows"][0]["column"] == "区域"
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    assert lines[1] == "2,'=GD-1,accepted,20260102-000001,,"
    assert lines[2] == "3,GD-2,refused,,区域,A99 is no area of this city"
    assert lines[3].startswith("4,'=GD-1,duplicate,20260102-000001,,is row 2")
    assert as_json("tickets", "show", "20260102-000001")["request"] == "=1+1"
    assert "columns left out: 天气" in says(*command).output


@pytest.mark.parametrize(
    ("text", "hotline", "message"),
    [
        ("a,b\n1,2\n", "12345", "no column foreign_number"),
        ("", "12345", "is empty"),
        ("工单编号,受理时间,诉求内容\n", "a b", "letters, digits"),
    ],
)
def test_a_table_that_cannot_be_read_is_told(
    site_city: str, tmp_path: Path, text: str, hotline: str, message: str
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    command = ("tickets", "import", str(tmp_path / "t.csv"), "--hotline", hotline, "--by", "wang")
    answer = says(*command)
    assert answer.exit_code == 1
    assert message in answer.output

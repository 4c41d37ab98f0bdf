"""The switch's list is read, or its fault is named with the mend."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.switch_list import SwitchLeg, SwitchListBad, read_switch_list


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "switch.csv"


def test_a_list_with_times_and_results(file: Path) -> None:
    file.write_text(
        "sip_call_id,caller,started_at,ended_at,result\n"
        "a@b,1,2026-11-23T20:26:06+00:00,1795465608.5,200\nc@d,2,,,\n"
    )
    at = datetime(2026, 11, 23, 20, 26, 6, tzinfo=UTC)
    end = datetime(2026, 11, 23, 20, 26, 48, 500_000, tzinfo=UTC)
    assert read_switch_list(file) == [SwitchLeg("a@b", at, end, "200"), SwitchLeg("c@d")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "1: no column sip_call_id"),
        (b"call\nx\n", "found: call"),
        (b"sip_call_id\n,\n", "2: sip_call_id is empty"),
        (b"sip_call_id,started_at\nx,yesterday\n", "2: started_at 'yesterday' is no time"),
        (b"sip_call_id,started_at\nx,2026-11-23T20:26:06\n", "no time with a zone"),
        (b"sip_call_id\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_bad_list_names_file_line_and_mend(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SwitchListBad, match=says) as refusal:
        read_switch_list(file)
    assert str(file) in str(refusal.value)


def test_a_missing_list_is_said(file: Path) -> None:
    with pytest.raises(SwitchListBad, match="--switch-cdr"):
        read_switch_list(file)

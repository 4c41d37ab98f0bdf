from pathlib import Path

from ivr.cdr import count_by_uniqueid, read_cdr


def test_both_forms_are_read_and_the_rest_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "cdr"
    file.write_text(
        '{"uniqueid":"n1-1.1","channel":"PJSIP/l110-trunk-1","disposition":"ANSWERED"}\n'
        "n1-1.1,PJSIP/l110-trunk-1,,,,ANSWERED\n"
        '{"uniqueid":"n1-1.2","channel":"PJSIP/8101-1","disposition":"ANSWERED"}\n'
        "{broken\n[]\n\n"
    )
    assert count_by_uniqueid(read_cdr(file)) == {"n1-1.1": 2}


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    assert list(read_cdr(tmp_path / "none")) == []

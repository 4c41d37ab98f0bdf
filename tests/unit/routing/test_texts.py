"""Untrusted text as any store can keep it."""

import pytest

from routing.texts import display_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('"张三" <sip:110@h>;tag=1', "张三"),
        ("\udcd5\udcc5 <sip:110@h>", "张"),
        ('"\udcdf\\\udcba\udcc3" <sip:110@h>', "運好"),
        (r'"a \"b\" \\c" <sip:110@h>', r'a "b" \c'),
        ('"<x>" <sip:110@h>', "<x>"),
        ('"', None),
        ('"" <sip:110@h>', None),
        ("<sip:110@h>", None),
        ("sip:110@h", None),
        (None, None),
    ],
)
def test_the_display_name_of_a_header_is_read_as_text(header: str | None, name: str | None) -> None:
    assert display_name(header) == name

"""How layers of settings lie over each other."""

import pytest

from config.layers import Layer, SettingsRejected, file_layer, merged, source_of

DEFAULTS = Layer("defaults", {"a": {"b": 1, "c": 2}, "list": [1, 2]})
SITE = Layer("site", {"a": {"b": 3}, "list": [9]})


def test_tables_are_merged_and_lists_are_replaced():
    assert merged([DEFAULTS, SITE]) == {"a": {"b": 3, "c": 2}, "list": [9]}


def test_no_layer_is_changed_by_merging():
    merged([DEFAULTS, SITE])
    assert DEFAULTS.values == {"a": {"b": 1, "c": 2}, "list": [1, 2]}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (("a", "b"), "site"),
        (("a", "c"), "defaults"),
        (("a", "missing"), "site"),
        (("list", 0), "site"),
        (("nowhere",), "defaults"),
        (("a", "b", "deeper"), "site"),
    ],
)
def test_a_key_is_traced_to_the_layer_that_set_it(path, source):
    assert source_of(path, [DEFAULTS, SITE]) == source


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbfnode = 'n1'\n")
    assert file_layer(path).values == {"node": "n1"}


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path):
    path = tmp_path / "gbk.toml"
    path.write_bytes("城市 = 1".encode("gbk"))
    with pytest.raises(SettingsRejected, match=r"gbk\.toml"):
        file_layer(path)

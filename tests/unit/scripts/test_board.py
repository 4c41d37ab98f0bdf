from scripts.lab.board import board


def test_the_time_that_a_trunk_channel_was_held_is_not_called_a_line():
    headings = [column.header for column in board({}, [], 0).columns]
    assert headings[-1] == "trunk"
    assert "line" not in headings

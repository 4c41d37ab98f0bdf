import pytest

from reports.masking import mask_number
from reports.percentiles import percentiles


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812340001", "138****0001"),
        ("+8613812340001", "+86138****0001"),
        ("110", "1**"),
        ("unknown", "unknown"),
        ("Robert'); --", "****"),
        (None, "-"),
    ],
)
def test_a_number_is_shown_masked(number: str | None, shown: str) -> None:
    assert mask_number(number) == shown


def test_percentiles_are_values_that_were_measured() -> None:
    told = percentiles([40, 10, 20, 30])
    assert (told.p50, told.p99) == (20, 40)
    assert percentiles([]).p50 is None

import pytest

from tickets.model import ServiceClass, class_of_key


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("1", ServiceClass.COMPLAINT),
        ("2", ServiceClass.HARDSHIP),
        ("3", ServiceClass.INFORMATION),
        ("4", ServiceClass.MARKET),
        ("0", ServiceClass.UNCLASSIFIED),
        ("", ServiceClass.UNCLASSIFIED),
        ("11", ServiceClass.UNCLASSIFIED),
        (None, ServiceClass.UNCLASSIFIED),
    ],
)
def test_a_key_of_the_second_menu_is_a_class_or_left_to_a_human(
    key: str | None, meaning: ServiceClass
) -> None:
    assert class_of_key(key) is meaning

"""The keys of seats, as Asterisk's features.conf and the dialplan name them."""

from config.sections import SeatKeys

TO_LIVELIHOOD, TO_POLICE, THREE_WAY = "l110-to-livelihood", "l110-to-police", "l110-three-way"


def application_map(keys: SeatKeys) -> str:
    """One line for each key; what it does stands in context l110-key."""
    does = {
        TO_LIVELIHOOD: (keys.to_livelihood, "livelihood"),
        TO_POLICE: (keys.to_police, "police"),
        THREE_WAY: (keys.three_way, "three"),
        **{_service(number): (code, number) for code, number in keys.services.items()},
    }
    lines = (
        f"{name} => {code},self/callee,GoSub(l110-key,{extension},1)\n"
        for name, (code, extension) in does.items()
    )
    return "".join(lines)


def of_police(keys: SeatKeys) -> str:
    """The value of DYNAMIC_FEATURES in a talk with a police seat."""
    return "#".join((TO_LIVELIHOOD, THREE_WAY, *map(_service, keys.services.values())))


def of_livelihood(keys: SeatKeys) -> str:
    """The same of a livelihood seat."""
    return "#".join((TO_POLICE, THREE_WAY, *map(_service, keys.services.values())))


def _service(number: str) -> str:
    return f"l110-service-{number}"

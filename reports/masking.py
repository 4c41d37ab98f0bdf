"""Numbers of callers as they may be shown: who reads a list need not know who called."""


def mask_number(number: str | None) -> str:
    """`13812340001` -> `138****0001`; a short one keeps its first digit; no number is `-`."""
    if not number:
        return "-"
    if not number.lstrip("+").isdigit():
        return number if number == "unknown" else "****"
    if len(number) >= 9:
        return f"{number[:-8]}****{number[-4:]}"
    return number[0] + "*" * (len(number) - 1)

"""How long until something that failed is tried again."""


def back_off_s(attempts: int, jitter: float, *, first_s: float, longest_s: float) -> float:
    """Seconds after the failure of try number `attempts` (from 1): they double up to `longest_s`.

    jitter: 0 to 1, by chance; it takes up to half away, so that what failed together does not
    come back together.
    """
    doubled = first_s * 2.0 ** min(max(attempts, 1) - 1, 60)
    return min(longest_s, doubled) * (1.0 - jitter / 2.0)

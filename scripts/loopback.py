"""Whether only this machine reaches an address."""

import ipaddress


def is_loopback(host: str) -> bool:
    """A name other than localhost may mean anything: it is none."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

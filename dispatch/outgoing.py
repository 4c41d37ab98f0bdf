"""What every sender is given, and how it says that it could not send."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it leaves; the same in every try. key: tells a repeat from a new one."""

    key: str
    unit: str
    address: str
    subject: str
    body: str


class NotSent(RuntimeError):
    """It may not have arrived. for_good: the other side says that trying again is no use.

    The text stands in the store and in the log: no body, no password.
    """

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good


# Returns when the other side has said that it has the message. Raises NotSent.
Sender = Callable[[Outgoing], None]

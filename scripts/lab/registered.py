"""The telephones of seats that register at the node itself."""

from scripts.asterisk_config import secret
from scripts.lab.node import Node
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone


class Telephones:
    """All at one address of their own."""

    def __init__(self, node: Node, host: str) -> None:
        self.node, self.host = node, host
        self._all: list[Telephone] = []

    def staff(
        self, number: str, manner: Manner | None = None, *, keys_by_info: bool = True
    ) -> Telephone:
        """Put somebody with this manner at a registered seat. Returns when the seat may ring.

        Raises:
            Unregistered: the node refused the telephone.
        """
        settings = self.node.settings
        password = secret(settings.secret_path(f"seat-{number}"))
        telephone = self.stranger(f"seat-{number}", password, manner, keys_by_info=keys_by_info)
        status = telephone.register()
        if status != 200:
            raise Unregistered(number, status)
        return telephone

    def stranger(
        self,
        user: str,
        password: str = "",
        manner: Manner | None = None,
        *,
        host: str = "",
        keys_by_info: bool = True,
    ) -> Telephone:
        """A telephone that has not registered; `host` is another address than the seats'."""
        sip = self.node.settings.sip
        telephone = Telephone(
            host or self.host,
            (sip.host, sip.port),
            user,
            password,
            manner=manner,
            keys_by_info=keys_by_info,
        )
        self._all.append(telephone.start())
        return telephone

    def at(self, number: str) -> Telephone:
        """Who sits at this seat now. Raises LookupError: nobody."""
        for telephone in reversed(self._all):
            if telephone.line.user == f"seat-{number}":
                return telephone
        raise LookupError(f"nobody is at seat {number}")

    def of(self, side: str) -> list[Telephone]:
        """Who sits at the seats whose numbers begin so; the last at each seat first."""
        return [one for one in reversed(self._all) if one.line.user.startswith(f"seat-{side}")]

    def leave(self) -> None:
        """Everybody hangs up and unregisters."""
        for telephone in self._all:
            telephone.stop()
        self._all.clear()


class Unregistered(RuntimeError):
    """The node refused a registration."""

    def __init__(self, number: str, status: int) -> None:
        super().__init__(f"seat {number} may not register: {status}")

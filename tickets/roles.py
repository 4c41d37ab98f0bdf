"""Who does what: the roles of people, and who stands behind a change."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """admin and auditor are never the same person. SYSTEM is a process of ours, not a sign-in."""

    OPERATOR = "operator"
    CALL_TAKER = "call-taker"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMIN = "admin"
    AUDITOR = "auditor"
    SYSTEM = "system"


APART = frozenset({Role.ADMIN, Role.AUDITOR})
DESK = frozenset({Role.OPERATOR, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is the sign-in name, or the process. `units`: whose tickets a handler may touch."""

    name: str
    roles: frozenset[Role]
    units: frozenset[str] = frozenset()

    def is_any(self, roles: frozenset[Role]) -> bool:
        return bool(self.roles & roles)


def system(name: str) -> Actor:
    """A process of ours: `worker`, `forwarder`, `import`."""
    return Actor(name, frozenset({Role.SYSTEM}))

"""Steps that the journal's disk did not take: told for a while, for they stay lost. No I/O."""

from dataclasses import dataclass

from ivr.health import BridgeFacts, Life

STANDS_FOR_S = 600.0  # whoever is called at night shall still find the alarm
IN_THE_LOG = "var/log/ivr.log: journal.step_unkept"


@dataclass(slots=True)
class UnkeptSteps:
    """Also where nobody can be asked any more.

    A bridge's count is gone with the bridge, and what it holds while its disk is full it gives up
    only as it ends.
    """

    _before: BridgeFacts | None = None
    _told: tuple[float, str] | None = None  # (steady time, what)

    def look(self, bridge: BridgeFacts, now_s: float) -> str | None:
        """What happened within the last ten minutes. `now_s` is a steady clock."""
        if bridge.life is not Life.FROZEN:
            happened = self._happened(bridge)
            self._told = (now_s, happened) if happened else self._told
            self._before = bridge if bridge.life is Life.UP else None
        if self._told is None or now_s - self._told[0] > STANDS_FOR_S:
            return None
        return self._told[1]

    def _happened(self, bridge: BridgeFacts) -> str | None:
        before = self._before
        same = before is not None and (bridge.life, bridge.pid) == (Life.UP, before.pid)
        counted = before.journal_unkept if before and same else 0
        if bridge.journal_unkept > counted:
            return f"{bridge.journal_unkept} since the bridge's start; {IN_THE_LOG}"
        if before and not same and not before.journal:
            return f"the bridge ended while its disk took none; {IN_THE_LOG}"
        return None

"""pyst2 as its pages show it: Asterisk starts one process for each call."""

from asterisk.agi import AGI

agi = AGI()
key = agi.get_option("l110/menu", "2", 2000)
agi.set_variable("PEER_KEY", key)

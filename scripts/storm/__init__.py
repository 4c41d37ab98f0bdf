"""A busy hour on four police lines, played and simulated, with and without this bridge."""

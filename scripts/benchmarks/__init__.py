"""What a call costs, measured against the least that any dialplan would need for it."""

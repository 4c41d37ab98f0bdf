"""Talking to Asterisk: the AGI wire and server, dialplan variables, facts, AMI and call records."""

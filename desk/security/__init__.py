"""Passwords, codes, sign-ins, and what every request must keep to."""

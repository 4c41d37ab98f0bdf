"""Numbers out of the store: audits, summaries and lists. Above db and ivr."""

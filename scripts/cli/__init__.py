"""The `l110` command line."""

"""What a person or a supervisor starts: the command line, and where the parts are put together."""

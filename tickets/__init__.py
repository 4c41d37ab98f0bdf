"""What a call leaves behind to be worked on: pure values, no input or output of any kind."""

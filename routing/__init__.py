"""Where does a call go: pure decisions over plain values, no input or output of any kind."""

"""`python -m scripts.stress`."""

from scripts.stress.main import main

main(prog_name="scripts/load")

"""`python -m scripts` is `l110`."""

from scripts.cli.main import l110

if __name__ == "__main__":
    l110(prog_name="l110")

"""`python -m scripts.siting`: what scripts/install runs."""

import sys

from scripts.siting.main import main

if __name__ == "__main__":
    sys.exit(main())

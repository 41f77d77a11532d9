"""`python -m glassd`."""

import sys

from glassd.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m ramble`: the command `ramble`, see `ramble.cli.main`."""

import sys

from ramble.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

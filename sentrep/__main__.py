"""``python -m sentrep``: the command line."""

import sys

from sentrep.cli import main

sys.exit(main())

"""``python -m sentrep``: the command line."""

import sys

from sentrep.cli.main import main

sys.exit(main())

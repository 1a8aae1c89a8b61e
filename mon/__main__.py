"""``python -m mon`` is the command ``mon``."""

import sys

from mon.cli import main

sys.exit(main())

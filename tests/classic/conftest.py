"""The classic mon's plugins and clients, as Debian ships them, against real servers and both daemons."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

"""`python -m converter`."""

import sys

from converter.cli import main_apart

sys.exit(main_apart(sys.argv[1:]))

"""`python -m edgegate` is `edgegate`."""

import sys

from edgegate.cli import main

sys.exit(main())

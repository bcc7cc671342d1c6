"""Everything that touches nbgrader: its preprocessors, its gradebook, its exchange. Nothing else imports it."""

import os
import sys

# nbgrader asks a command of its own environment, `alembic`, for the gradebook's version when it makes one; where the
# environment is not activated, as under `.venv/bin/autograder`, that command is not on the path.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])

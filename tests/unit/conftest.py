"""Let tests import the modules beside the skills' verify.py, as verify.py itself does."""

import sys
from pathlib import Path

_LIBRARY = Path(__file__).parents[2] / "skills-library"
sys.path += [str(path) for path in (_LIBRARY / "common", *sorted(_LIBRARY.glob("*/lib")))]
sys.path.append(str(Path(__file__).parent / "imitations"))
sys.path.append(str(Path(__file__).parent / "oracle"))

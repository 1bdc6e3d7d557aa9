"""Let tests import the modules beside the skills' verify.py, as verify.py itself does."""

import sys
from pathlib import Path

import pytest

_LIBRARY = Path(__file__).parents[2] / "skills-library"
sys.path += [str(path) for path in (_LIBRARY / "common", *sorted(_LIBRARY.glob("*/lib")))]
sys.path.append(str(Path(__file__).parent / "imitations"))
sys.path.append(str(Path(__file__).parent / "oracle"))


@pytest.fixture(scope="session", autouse=True)
def _helm(chosen_helm):
    """One helm for all tests."""

"""What `make setup` says where it cannot make the environment."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("learnflow_infra/bootstrap.sh").resolve()
TOO_OLD = "exit 1"
WITHOUT_VENV = 'case "$*" in *ensurepip*) exit 1 ;; *version_info\\[*) echo python3.14-venv ;; esac'


@pytest.mark.parametrize(
    ("python", "error"),
    [
        (TOO_OLD, "Error: Python 3.11 or newer is needed"),
        (WITHOUT_VENV, "Error: {python} comes without venv, and there is no apt"),
    ],
)
def test_a_python_that_does_not_serve_is_named_with_the_way_to_another(tmp_path, python, error):
    program = tmp_path / "python3"
    program.write_text(f"#!/bin/sh\n{python}\n")
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", SCRIPT, tmp_path / "venv", "constraints.txt", tmp_path / "stamp"],
        env={"PYTHON": str(program), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 12
    assert done.stderr.startswith(error.format(python=program))
    assert "make deploy PYTHON=python3.11" in done.stderr
    assert [*tmp_path.iterdir()] == [program]

"""gofmt over this module and `go vet PACKAGE...`, with the toolchain and caches of the build.

Without a build, go vet would download and compile its dependencies first: it is skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

from learnflow_infra.builds import go_module, toolchain


def main(packages: list[str]) -> int:
    """Print what must be corrected; returns the exit code."""
    variables = toolchain.environment() | {"GOPROXY": "off"}
    if not Path(variables["GOCACHE"]).exists():
        print("gofmt and go vet are skipped: nothing is built yet (make cluster-up builds it).")
        return 0
    source, environment = go_module.source(), {**os.environ, **variables}
    go = toolchain.find((source / "go.mod").read_text())

    def output(*command: str | Path) -> str:
        return subprocess.check_output(command, cwd=source, env=environment, text=True).strip()

    unformatted = output(Path(output(go, "env", "GOROOT"), "bin", "gofmt"), "-l", ".")
    if unformatted:
        print(f"Not formatted (gofmt -w cluster-runtime):\n{unformatted}")
    vet = subprocess.run(
        [go, "vet", *go_module.FLAGS, *packages], cwd=source, env=environment, check=False
    )
    return vet.returncode or bool(unformatted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

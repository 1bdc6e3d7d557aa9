"""The options of every verify.py. Python 3.9, standard library only."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn, Sequence

EXIT_INPUT = 3


class Parser(argparse.ArgumentParser):
    """Ends with the exit code of learnflow-infra for wrong input, where argparse has 2."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_INPUT, f"{self.prog}: error: {message}\n")


def parse(skill: str, config_map: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse a verify.py's arguments; it exits with 3 if they are wrong."""
    parser = Parser(
        description=f"Prove that {skill} works, from inside the cluster and from this host.",
        epilog="exit codes: 0 all checks passed, 3 wrong options, 4 cluster not reached, "
        "8 a check failed, 130 interrupted",
    )
    parser.add_argument("--kubeconfig", default="", metavar="FILE")
    parser.add_argument("--context", default="", metavar="NAME")
    parser.add_argument("-n", "--namespace", default="learnflow", metavar="NAME")
    parser.add_argument(
        "--from", dest="vantage", choices=("inside", "host", "both"), default="both"
    )
    parser.add_argument(
        "--endpoints",
        default="",
        metavar="FILE",
        help=f"- for stdin; default: ConfigMap {config_map}",
    )
    parser.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS")
    return parser.parse_args(argv)


def _seconds(text: str) -> float:
    value = float(text.removesuffix("s"))
    if not 0 < value < 1e6:  # noqa: PLR2004 - also refuses nan
        raise argparse.ArgumentTypeError("must be positive")
    return value

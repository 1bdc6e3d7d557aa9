"""The program's entry: quick to import, so that Ctrl-C is answered from the first moment."""

import signal
import sys

from learnflow_infra.errors import EXIT_INTERRUPTED


def main() -> None:
    """Run the command line; exits with one of `learnflow_infra.cli.main.exit_codes()`."""
    # A supervisor's or CI's SIGTERM must end as tidily as Ctrl-C does
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        from learnflow_infra.cli.main import app  # noqa: PLC0415 - a third of a second

        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()

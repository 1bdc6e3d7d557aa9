"""The program's entry: imports nothing at first, so that Ctrl-C is answered from the start."""

import sys


def main() -> None:
    """Run the command line; exits with one of `learnflow_infra.cli.main.exit_codes()`."""
    try:
        import signal  # noqa: PLC0415 - inside the try, as all that takes time

        # A supervisor's or CI's SIGTERM must end as tidily as Ctrl-C does
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

        from learnflow_infra.cli.main import app  # noqa: PLC0415

        app()
    except KeyboardInterrupt:
        sys.exit(130)  # EXIT_INTERRUPTED, whose module may not be loaded yet


if __name__ == "__main__":
    main()

"""The entry point; imports are inside `main`, so that Ctrl-C during them is handled, too."""

import sys


def main() -> None:
    """Run the command line; exits with one of `learnflow_infra.cli.main.exit_codes()`."""
    try:
        import signal  # noqa: PLC0415 - imports take time: inside the try

        # SIGTERM, sent by a supervisor or CI, has to clean up as Ctrl-C does
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

        from learnflow_infra.cli.main import app  # noqa: PLC0415

        app()
    except KeyboardInterrupt:
        sys.exit(130)  # EXIT_INTERRUPTED, whose module may not be loaded yet


if __name__ == "__main__":
    main()

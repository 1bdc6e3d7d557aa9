"""The child that runs as root for an ordinary user; see `elevate`."""

import json
import os
import sys

from learnflow_infra.clusters.embedded import commands, elevate
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Event


def main() -> int:
    """Perform the command that stdin holds as JSON; returns the exit code."""
    request = json.load(sys.stdin)
    environment = elevate.root_environment(request["environment"], os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        elevate.perform(commands.from_document(request["command"]), _emit)
    except LearnflowError as error:
        _write(elevate.error_document(error))
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _emit(event: Event) -> None:
    _write(elevate.event_document(event))


def _write(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")  # one call: threads share the stream
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""The child that runs as root for an ordinary user: `python -m ... OPERATION JSON`."""

import json
import sys

from learnflow_infra.clusters.embedded import elevate
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Event


def main() -> int:
    """Perform one operation; events and a possible error go to stdout, a JSON line each."""

    def emit(event: Event) -> None:
        print(elevate.encode(event), flush=True)  # noqa: T201 - the parent reads it

    try:
        elevate.perform(sys.argv[1], json.loads(sys.argv[2]), emit)
    except LearnflowError as error:
        print(elevate.encode_error(error), flush=True)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())

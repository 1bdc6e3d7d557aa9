"""The events of a watch."""

import json
from collections.abc import Iterator
from contextlib import suppress

import urllib3

from learnflow_infra.clients.retry import TransientError
from learnflow_infra.objects import WatchEvent

_CHUNK = 65536


class SilentError(Exception):
    """Nothing came in the seconds in which a read has to get something."""


class Stream:
    """Iterates over the events of a watch until the server ends it, or `close` does."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[WatchEvent]:
        """Each event: `type` and `object`.

        Raises:
            SilentError: the read timed out.
            TransientError: the connection was lost.
        """
        rest = b""
        try:
            for chunk in self._answer.stream(_CHUNK, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise SilentError(str(error)) from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise TransientError(str(error)) from error
        finally:
            self._answer.close()

    def close(self) -> None:
        """End the watch from another thread; its iteration then stops."""
        with suppress(OSError, ValueError, RuntimeError):  # it has ended already
            self._answer.shutdown()

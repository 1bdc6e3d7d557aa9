"""The images that a deploy needs, where the cluster can have them."""

from collections.abc import Collection

from learnflow_infra.engine.session import Session
from learnflow_infra.events import Emit


def ensure(
    _session: Session, _wanted: Collection[str], _live: Collection[str], _emit: Emit
) -> None:
    """Nothing yet: the images of the embedded profile are built and loaded before."""

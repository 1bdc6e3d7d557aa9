"""The user-supplied values of the releases as they are, for `--reuse-values`."""

from collections.abc import Mapping, Sequence

from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.request.revisions import last_good
from learnflow_infra.fields import at
from learnflow_infra.models import ChartSource, ReleaseName, Values
from learnflow_infra.outputs.record import Record
from learnflow_infra.references import LOCAL
from learnflow_infra.system import tasks
from learnflow_infra.values import Layer, previous
from learnflow_infra.values.origins import Keys, undotted


def read(helm: Helm, releases: Sequence[ReleaseName], record: Record) -> Mapping[ReleaseName, Live]:
    """The last revision of each release that exists and was in use.

    Raises:
        ReleaseFailedError: helm cannot read one.
    """

    async def read_all() -> list[Live | None]:
        return await tasks.together(*(_last_deployed(helm, name, record) for name in releases))

    pairs = zip(releases, tasks.complete(read_all()), strict=True)
    return {name: live for name, live in pairs if live is not None}


async def _last_deployed(helm: Helm, release: ReleaseName, record: Record) -> Live | None:
    live = await helm.live(release)
    if live is None or live.status == "deployed":
        return live
    if live.status.startswith("uninstall"):
        return None
    number = last_good(await helm.history(release), record, release) or live.revision
    return await helm.live(release, revision=number)


def layer(live: Live, source: ChartSource, below: Values) -> Layer:
    """The values of a revision that files and layers below do not set as well.

    Args:
        live: the revision.
        source: of the release's chart.
        below: the values of the layers below.
    """
    kept = previous.differing(live.values, below, own_images(source, live.values))
    return previous.layer(f"revision {live.revision} of the release (--reuse-values)", kept)


def own_images(source: ChartSource, values: Values) -> set[Keys]:
    """The keys of images that this project built for an earlier deploy, and builds anew."""
    keys = {tuple(undotted(use.values)) for use in source.images}
    return {key for key in keys if at(values, *key, "registry") == LOCAL}

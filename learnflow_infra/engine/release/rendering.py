"""Render releases without a cluster, by `helm template`."""

from collections.abc import Sequence

from learnflow_infra.clients import helm, helm_choice
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.engine.release.offline import api_versions
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.events import Emit
from learnflow_infra.system import tasks


def render(
    prepared: Sequence[Prepared], namespace: str, emit: Emit, *, crds: bool = False
) -> list[Manifest]:
    """The manifest of each release, hooks included; no cluster is needed.

    Charts see the embedded cluster's Kubernetes, whatever version this helm was built with.
    It is the first work for helm on a new machine, where helm is built, with progress.

    Raises:
        InputError: values do not meet a chart's schema.
        ReleaseFailedError: helm cannot render one.
    """
    helm_choice.ensure(emit)
    definitions = [crd for item in prepared for crd in item.chart.crds]
    served = helm.Capabilities(
        kube_version=binary.version(), api_versions=api_versions(definitions)
    )

    async def render_all() -> list[Manifest]:
        work = (
            helm.template(item.installation, namespace=namespace, capabilities=served, crds=crds)
            for item in prepared
        )
        return await tasks.together(*work)

    return tasks.complete(render_all())

"""Render the manifests of skills; no cluster is needed."""

from learnflow_infra.engine.release import validate
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.events import Emit


def template(options: Options, emit: Emit, *, crds: bool = False) -> str:
    """The manifests of the chosen skills, as `helm template` renders them; no cluster is needed.

    Raises:
        InputError: values do not match a chart's schema, or a custom resource its CRD.
        ReleaseFailedError: helm cannot render one.
    """
    prepared = prepare(planning.for_values(options, emit), emit)
    manifests = render(prepared, options.namespace, emit, crds=crds)
    pairs = list(zip(prepared, manifests, strict=True))
    validate.require(validate.against_crds(pairs))
    validate.warn(pairs, emit)
    return "".join(manifest.text for manifest in manifests)

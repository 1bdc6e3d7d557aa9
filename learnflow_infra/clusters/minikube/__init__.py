"""minikube: which of its profiles a run uses, and images for its nodes.

    choose() -> Choice        the profile that is used where no context is named
    named(context) -> Choice  a profile whose context is named
    load(profile, archive)    an image into its nodes

What minikube prints is read in `printed`, judged in `verdict`, and compared in `choice`, which
are pure; `asking` runs the program. Exit codes are not read: a stopped worker of a usable cluster
makes 7, and a panic 2. Source: recordings of minikube 1.38.1.
"""

from learnflow_infra.clusters.minikube.asking import choose, named
from learnflow_infra.clusters.minikube.choice import Choice
from learnflow_infra.clusters.minikube.images import load

__all__ = ["Choice", "choose", "load", "named"]

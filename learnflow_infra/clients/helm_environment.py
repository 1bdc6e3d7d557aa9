"""Pure: the variables of helm's environment, one rule for every helm process.

Helm reads HELM_* variables before its kubeconfig. Some would send it to another server, user or
store of releases than the client and kubectl, which do not read them.
Source: `helm env`, and https://helm.sh/docs/helm/helm/ ("Environment variables").
"""

from collections.abc import Mapping

_KEPT = {
    "HELM_BURST_LIMIT",
    "HELM_CACHE_HOME",
    "HELM_CONFIG_HOME",
    "HELM_CONTENT_CACHE",
    "HELM_DATA_HOME",
    "HELM_QPS",
    "HELM_REGISTRY_CONFIG",
    "HELM_REPOSITORY_CACHE",
    "HELM_REPOSITORY_CONFIG",
}
"""About caches, registries and the rate of requests."""
_DECIDING = ("HELM_KUBE", "HELM_DRIVER", "HELM_NAMESPACE")
"""Beginnings of the names that choose a server, a user, a store or a namespace."""
_DEFAULTS = {"HELM_DRIVER": {"secret", "secrets"}}


def changes(environ: Mapping[str, str]) -> dict[str, str | None]:
    """What helm's environment has other than this process's; None removes a variable."""
    return {name: None for name in environ if name.startswith("HELM_") and name not in _KEPT}


def ignored(environ: Mapping[str, str]) -> list[str]:
    """The removed variables that would have chosen a server, user, store or namespace, sorted."""
    return sorted(
        name
        for name in changes(environ)
        if name.startswith(_DECIDING)
        and environ[name]
        and environ[name] not in _DEFAULTS.get(name, ())
    )

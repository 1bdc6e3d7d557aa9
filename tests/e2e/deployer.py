"""A user who may do in one namespace what the printed Role allows, and nothing else.

The cluster's images are those that an administrator's deploy has loaded.
"""

import pytest
import yaml

NAMESPACE = CONTEXT = "deployer"
PORTS = {
    "postgres-k8s-setup": ("postgres.externalAccess.service.nodePorts.postgresql=31410",),
    "kafka-k8s-setup": (
        "kafka.externalAccess.nodePort=31400",
        "kafka.externalAccess.brokerNodePort=31401",
    ),
}
"""Those of the other tests' namespace are taken."""
POSTGRES, KAFKA = PORTS


class Deployer:
    """Runs verbs with the kubeconfig of a ServiceAccount that has the printed Role."""

    def __init__(self, product, kubeconfig):
        self._product, self._env = product, environment(product, kubeconfig)

    def run(self, *args):
        return self._product.run(*args, "-n", NAMESPACE, env=self._env)

    def ok(self, *args):
        done = self.run(*args)
        assert done.code == 0, done.err + done.out
        return done


@pytest.fixture(scope="module")
def deployer(product, deployed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployer")
    yield Deployer(product, grant(product, NAMESPACE, folder))
    product.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def environment(product, kubeconfig):
    return {
        **product.env,
        "KUBECONFIG": str(kubeconfig),
        "LEARNFLOW_CONTEXT": CONTEXT,
        "PATH": f"{product.cluster.kubectl.parent}:{product.env['PATH']}",
    }


def grant(product, namespace, folder):
    """Apply what is printed for a ServiceAccount of a namespace; its kubeconfig."""
    admin, manifests = product.kubectl, folder / "rights"
    product.ok(
        *("rights", "--as-manifest", "--profile", "embedded", "-n", namespace),
        *("--serviceaccount", f"{namespace}:robot", "--output-dir", str(manifests)),
    )
    admin("apply", "--server-side", "-n", namespace, "-f", str(manifests))
    admin("create", "serviceaccount", "robot", "-n", namespace)
    token = admin("create", "token", "robot", "-n", namespace, "--duration", "4h").strip()
    config = yaml.safe_load(product.cluster.kubeconfig.read_text())
    cluster = config["clusters"][0]["name"]
    context = {"name": CONTEXT, "context": {"cluster": cluster, "user": "robot"}}
    config |= {"users": [{"name": "robot", "user": {"token": token}}], "contexts": [context]}
    file = folder / "config"
    file.write_text(yaml.safe_dump(config))
    file.chmod(0o600)
    return file


def options(skill, *more):
    sets = [word for value in (*PORTS[skill], *more) for word in ("--set", value)]
    return [skill, "--profile", "embedded", *sets]

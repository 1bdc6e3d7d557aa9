"""`learnflow-infra cluster`: the embedded Kubernetes."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import ask
from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import exit_on_error, out, out_json, run
from learnflow_infra.remedy import Command, Remedy

if TYPE_CHECKING:
    from learnflow_infra.clusters.embedded import Cluster

app = typer.Typer(
    help="The embedded cluster: Kubernetes without Docker, in Linux namespaces of this host.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Option("--name", help="Name of the cluster; several can coexist.")]
NAME = "learnflow"


@app.command()
def up(
    name: Name = NAME,
    subnet: Annotated[
        str | None,
        typer.Option("--subnet", help="A /30 between host and node; by default a free one."),
    ] = None,
) -> None:
    """Create or start the cluster. The first run on a machine builds Kubernetes."""
    from learnflow_infra.clusters import embedded

    cluster = run(lambda emit: embedded.up(name, emit=emit, subnet=subnet))
    _print(cluster)


@app.command()
def status(name: Name = NAME, output: opts.OutputOption = opts.Output.text) -> None:
    """Show the cluster's state, node address and kubeconfig."""
    from learnflow_infra.clusters import embedded

    with exit_on_error():
        cluster = embedded.status(name)
    if output is opts.Output.json:
        out_json(json.loads(json.dumps(asdict(cluster), default=str)))
    else:
        _print(cluster)


@app.command()
def stop(name: Name = NAME) -> None:
    """Stop the cluster gracefully. Its data stays; `up` starts it again."""
    from learnflow_infra.clusters import embedded

    run(lambda emit: embedded.stop(name, emit=emit))


@app.command()
def delete(name: Name = NAME, yes: ask.Yes = False) -> None:
    """Delete the cluster and its data. Built programs and images stay in the cache."""
    from learnflow_infra.engine.verbs import delete_cluster as verb

    confirm = ask.confirm(yes=yes)
    run(lambda emit: verb.delete_cluster(name, confirm=confirm, emit=emit))


@app.command()
def kubeconfig(name: Name = NAME) -> None:
    """Print the path of the cluster's kubeconfig: export KUBECONFIG=$(... cluster kubeconfig)."""
    from learnflow_infra.clusters import embedded
    from learnflow_infra.errors import ClusterUnreachableError

    with exit_on_error():
        cluster = embedded.status(name)
        if cluster.state == "absent":
            raise ClusterUnreachableError(
                f"There is no embedded cluster {name}.",
                remedy=Remedy(Command("cluster", "up", "--name", name)),
            )
    out(str(cluster.kubeconfig))


def _print(cluster: "Cluster") -> None:
    out(f"Cluster {cluster.name} ({cluster.version}) is {cluster.state}.")
    if cluster.state == "absent":
        return
    versions = ", ".join(f"{name} {version}" for name, version in cluster.versions.items())
    out(f"  versions      {versions or 'unknown'}")
    out(f"  node address  {cluster.node_address}")
    out(f"  context       {cluster.context}")
    out(f"  kubeconfig    {cluster.kubeconfig}")
    out(f"  kubectl       {cluster.kubectl}")

"""Makes each state of docs/release-states.md in a real API server, for a skill without pods."""

import asyncio
from pathlib import Path

import yaml
from typer.testing import CliRunner

from learnflow_infra.cli.main import app
from learnflow_infra.clients import helm_storage
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.installation import Installation
from learnflow_infra.engine.verbs import deploy
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import ignore
from learnflow_infra.outputs import stored_record
from tests.contract.demo import leave_unfinished

ROWS = yaml.safe_load(
    (Path(__file__).parents[1] / "unit/tables/release_states.yaml").read_text(encoding="utf-8")
)
VERBS = {
    "deploy": ["deploy"],
    "diff": ["diff"],
    "dry-run": ["deploy", "--dry-run=server"],
    "rollback": ["rollback", "demo-k8s-setup"],
    "delete": ["delete"],
    "status": ["status"],
    "verify": ["verify", "--from", "host"],
    "diagnose": ["diagnose", "demo-k8s-setup"],
}
REFUSED = 'x", "no key!": "y'
"""Gives a ConfigMap a key that every API server refuses."""
VERIFY = """
import json, subprocess, sys

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
place = [part for key in ("--context", "--namespace") for part in (key, given[key])]
service = subprocess.run(["kubectl", *place, "get", "service", "demo"], capture_output=True)
passed = bool(json.load(sys.stdin).get("endpoints")) and service.returncode == 0
check = {"name": "answers", "from": "host", "passed": passed, "message": "m", "seconds": 0.1}
print(json.dumps({"skill": "demo-k8s-setup", "checks": [check]}))
"""
LONG_AGO = "2026-01-01T00:00:00Z"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "demo"},
    "spec": {"ports": [{"name": "main", "port": 80}]},
}


def code(verb, options):
    """The exit code of a verb on the command line, and what it printed."""
    place = ["--context", options.context, "--namespace", options.namespace]
    done = CliRunner().invoke(app, [*VERBS[verb], *place])
    return done.exit_code, f"{done.stdout}\n{done.stderr}"


class Maker:
    """Makes a state in a namespace."""

    def __init__(self, options, session, skill):
        self.options, self.session, self.skill = options, session, skill
        self.chart = skill / "charts/demo"
        (skill / "verify.py").write_text(VERIFY)
        self.helm = Helm(
            kubeconfig=session.target.kubeconfig, context="admin", namespace=options.namespace
        )

    def make(self, name):
        getattr(self, "_" + name.replace(" ", "_").replace(",", ""), lambda: None)()

    def _deploy(self):
        deploy.deploy(self.options, ignore)

    def _helm(self, chart=None, **values):
        what = Installation(release="demo", chart=chart or self.chart, values=values)
        return asyncio.run(self.helm.upgrade(what, seconds=30))

    def _refused(self, **values):
        try:
            self._helm(**values)
        except LearnflowError:
            return
        raise AssertionError("helm was to refuse these values")

    def _an_object_of_others_is_in_the_way(self):
        self.session.kube.create(f"/api/v1/namespaces/{self.options.namespace}/services", SERVICE)

    def _in_sync(self):
        values = self.chart / "values.yaml"
        now = values.read_text()
        values.write_text(now.replace("hello", "before"))
        self._deploy()
        values.write_text(now)
        self._deploy()

    def _adopted(self):
        """Mark what helm installed by hand as this program's."""
        helm_storage.label(
            self.session.kube,
            self.options.namespace,
            "demo",
            1,
            {"learnflow.infra/chart": "demo"},
        )

    def _out_of_sync(self):
        self._in_sync()
        values = self.chart / "values.yaml"
        values.write_text(values.read_text().replace("hello", "another"))

    def _drifted(self):
        self._in_sync()
        self.session.kube.request(
            "PATCH",
            f"/api/v1/namespaces/{self.options.namespace}/configmaps/demo",
            body={"data": {"greeting": "by hand"}},
            content_type="application/merge-patch+json",
        )

    def _drifted_and_out_of_sync(self):
        self._drifted()
        values = self.chart / "values.yaml"
        values.write_text(values.read_text().replace("hello", "another"))

    def _others_keep_a_field(self):
        self._in_sync()
        path = f"/api/v1/namespaces/{self.options.namespace}/configmaps/demo"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "demo"}}
        kept = {**body, "data": {"greeting": "an operator's"}}
        self.session.kube.apply(path, kept, manager="operator")

    def _a_refused_upgrade(self):
        self._deploy()
        self._refused(greeting=REFUSED)

    def _a_refused_first_install(self):
        self._refused(greeting=REFUSED)
        self._adopted()

    def _superseded_only(self):
        self._deploy()
        leave_unfinished(self.session, "superseded", revision=1)

    def _an_upgrade_that_was_cut_off(self):
        self._deploy()
        leave_unfinished(self.session, begun=LONG_AGO)

    def _an_install_that_was_cut_off(self):
        self._deploy()
        stored_record.remove(self.session.kube, self.options.namespace)
        leave_unfinished(self.session, "pending-install", revision=1, begun=LONG_AGO)

    def _an_uninstallation_that_was_cut_off(self):
        self._in_sync()
        leave_unfinished(self.session, "uninstalling", revision=2, begun=LONG_AGO)

    def _helm_is_at_work_elsewhere(self):
        self._deploy()
        leave_unfinished(self.session)

    def _uninstalled_history_kept(self):
        self._in_sync()
        command = ["uninstall", "demo", "--keep-history", "--namespace", self.options.namespace]
        asyncio.run(self.helm._command.run(command))

    def _foreign(self):
        chart = self.skill.parent / "other"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("{apiVersion: v2, name: other, version: 3.1.4}")
        self._helm(chart)

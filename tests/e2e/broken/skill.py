"""A skill whose chart installs the objects of a values file, and an operator scaled to 0."""

import shutil

import yaml

from tests.e2e.broken.objects import GROUP

NAME, RELEASE = "broken-k8s-setup", "broken"
GRACE = {
    "NodeNotReady": "2s",
    "OperatorNotRunning": "2s",
    "QuotaExceeded": "1s",
    "PodSecurityViolation": "1s",
    "AdmissionWebhookUnreachable": "1s",
    "MissingServiceAccount": "1s",
    "ClaimNoStorageClass": "1s",
    "ClaimNoProvisioner": "1s",
    "ImageRegistryUnreachable": "2s",
    "ImageNeverPulled": "1s",
    "MissingConfigMap": "1s",
    "MissingSecret": "2s",
    "VolumeMountFailed": "2s",
    "PodUnschedulableCpu": "1s",
    "PodUnschedulableMemory": "1s",
    "PodUnschedulableTaint": "1s",
    "PodEvicted": "1s",
    "ContainerOutOfMemory": "1s",
    "ContainerCannotStart": "1s",
    "ContainerCrashed": "2s",
    "ProbeFailing": "2s",
    "InitContainerStuck": "5s",
    "FinalizerStuck": "2s",
    "OperatorRefused": "1s",
    "ResourceRejected": "1s",
}
"""Short graces, or the tests would take minutes; affinity keeps the policy's grace."""
RULE = {
    "apiVersion": f"{GROUP}/v1",
    "kind": "Thing",
    "current": "status.ready",
    "failed": "has(status.refused)",
}
SKILL = {
    "apiVersion": "learnflow.infra/v1",
    "kind": "Skill",
    "name": NAME,
    "description": "What cannot become ready",
    "foundation": {"cpu": "1m", "memory": "1Mi", "storage": "1Mi"},
    "releases": [
        {"name": "idle", "needs": [], "profiles": {"embedded": {"chart": "charts/idle"}}},
        {
            "name": RELEASE,
            "needs": ["idle"],
            "profiles": {"embedded": {"chart": "charts/broken"}},
            "ready": {"timeout": "200s", "grace": GRACE, "rules": [RULE]},
        },
    ],
    "endpoints": [],
}
ANYTHING = "{{- range .Values.objects }}\n---\n{{ toYaml . }}\n{{- end }}\n"
OPERATOR = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, labels: {app.kubernetes.io/instance: idle}}
spec:
  replicas: 0
  selector: {matchLabels: {app: operator}}
  template:
    metadata: {labels: {app: operator}}
    spec: {containers: [{name: operator, image: IMAGE}]}
"""
VERIFY = """
import sys

print("nothing of this skill can be verified: none of it becomes ready", file=sys.stderr)
sys.exit(8)
"""


def add_to(checkout, image):
    """Put the skill into a copy of the checkout; pods that run use `image`."""
    folder = checkout / "skills-library" / NAME
    for name, text in (("broken", ANYTHING), ("idle", OPERATOR.replace("IMAGE", image))):
        chart = folder / "charts" / name
        (chart / "templates").mkdir(parents=True)
        about = {"apiVersion": "v2", "name": name, "version": "1.0.0"}
        (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
        (chart / "values.yaml").write_text("objects: []\n" if name == "broken" else "{}\n")
        (chart / "templates/all.yaml").write_text(text)
    (folder / "skill.yaml").write_text(yaml.safe_dump(SKILL))
    (folder / "verify.py").write_text(VERIFY)
    shutil.copy(checkout / "skills-library/postgres-k8s-setup/SKILL.md", folder)

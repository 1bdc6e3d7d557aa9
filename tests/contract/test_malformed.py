"""Fields of manifests that have another type: refused by the server, never a fault of ours."""

import contextlib
import copy

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.engine.verbs import diff
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import ignore
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = [pytest.mark.contract, pytest.mark.full]
CASES = 300
OTHERS = ["text", ["text"], [1], {"x": 1}, 1, None]
OBJECTS = [
    *yaml.safe_load_all("""
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: d, labels: {a: b}, annotations: {a: b}, finalizers: [a.org/b]}
spec:
  replicas: 1
  ordinals: {start: 0}
  updateStrategy: {rollingUpdate: {partition: 0}}
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}, annotations: {a: b}}
    spec:
      nodeSelector: {a: b}
      tolerations: [{key: a, operator: Exists}]
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector: {matchLabels: {app: d}}
      serviceAccountName: default
      imagePullSecrets: [{name: x}]
      initContainers:
      - {name: i, image: "registry.invalid/x:1", restartPolicy: Always}
      containers:
      - name: main
        image: "registry.invalid/x:1"
        ports: [{name: p, containerPort: 80, hostPort: 8099}]
        env:
        - {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}
        - {name: B, value: c}
        envFrom: [{configMapRef: {name: m}}]
        resources: {requests: {cpu: 1m}, limits: {memory: 1Gi}}
        volumeMounts: [{name: v, mountPath: /x}]
      volumes:
      - {name: v, projected: {sources: [{secret: {name: s, items: [{key: a, path: b}]}}]}}
      - {name: w, persistentVolumeClaim: {claimName: c}}
  volumeClaimTemplates:
  - metadata: {name: data, labels: {a: b}}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: d}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      ttlSecondsAfterFinished: 3
      template:
        spec: {restartPolicy: Never, containers: [{name: m, image: "registry.invalid/x:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: d}
spec:
  type: NodePort
  selector: {a: b}
  ports: [{name: main, port: 80, nodePort: 30003, protocol: TCP}]
  healthCheckNodePort: 0
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: d}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: d}
type: Opaque
data: {a: Yg==}
stringData: {c: d}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: as.a.org}
spec:
  group: a.org
  names: {kind: A, plural: as}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true}]
---
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: d}
spec: {kafka: {listeners: [{name: plain, port: 9092}]}, entityOperator: {topicOperator: {}}}
""")
]


def places(value, above=()):
    """The path of every field and item below a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*above, key)
        if isinstance(item, dict | list):
            yield from places(item, (*above, key))


def replaced(obj, place, value):
    obj = copy.deepcopy(obj)
    part = obj
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return obj


FIELDS = [(obj, place) for obj in OBJECTS for place in places(obj) if place != ("kind",)]


@settings(
    max_examples=CASES, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(field=st.sampled_from(FIELDS), value=st.sampled_from(OTHERS))
def test_a_field_of_another_type_is_no_fault_of_ours(options, skill, field, value):
    template = skill / "charts/demo/templates/more.yaml"
    template.write_text(yaml.safe_dump(replaced(*field, value)))
    with contextlib.suppress(LearnflowError):
        diff.diff(options, ignore)

"""The entry point of the Kafka image, with an imitation of java."""

import os
import re
import signal
import subprocess
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.skills import library

IMAGE = Path(__file__).parents[3] / "skills-library/kafka-k8s-setup/images/kafka"
JAVA = "#!/bin/sh\necho started\nread -r _\n"


def test_a_signal_while_the_volume_is_formatted_starts_no_server(tmp_path):
    (tmp_path / "java").write_text(JAVA)
    (tmp_path / "java").chmod(0o755)
    script = (IMAGE / "entrypoint.sh").read_text().replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    (tmp_path / "entrypoint.sh").write_text(script)
    (tmp_path / "config").write_text(f"a=b\nlog.dirs={tmp_path}\n")
    env = {
        "PATH": f"{tmp_path}:{os.defpath}",
        "HOSTNAME": "kafka-0",
        "KAFKA_CONFIG": str(tmp_path / "config"),
        "KAFKA_CLUSTER_ID": "id",
        "KAFKA_DOMAIN": "kafka",
        "KAFKA_HEAP": "256m",
    }
    with subprocess.Popen(
        ["bash", str(tmp_path / "entrypoint.sh")],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate("end\n", timeout=60)
    assert (process.returncode, output) == (143, "")


METADATA = """\
ERROR Encountered fatal fault: Error loading metadata log record (ProcessTerminatingFaultHandler)
java.lang.IllegalArgumentException: Unsupported metadata version - if you are currently upgrading
Caused by: java.lang.IllegalArgumentException: No MetadataVersion with feature level 33. Valid \
feature levels are from 7 to 31.
"""


def test_the_log_of_a_broker_that_is_too_old_for_its_volumes_has_a_cause():
    (skill,) = [one for one in library.load_all() if one.name == "kafka-k8s-setup"]
    declared = [cause for release in skill.releases for cause in release.causes if cause.log]
    matching = [cause.code for cause in declared if re.search(cause.log, METADATA)]
    assert matching == ["KafkaMetadataIsNewer"]


def test_every_tool_has_a_link_and_every_link_a_tool():
    links = documents.load(IMAGE / "image.yaml")["links"]
    linked = {path.rpartition("/")[2] for path, target in links.items() if target == "tool.sh"}
    cases = set(
        re.findall(r"^  (kafka-[a-z-]+\.sh)\)", (IMAGE / "tool.sh").read_text(), re.MULTILINE)
    )
    assert linked == cases

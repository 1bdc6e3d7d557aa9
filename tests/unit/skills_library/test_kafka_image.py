"""The entry point of the Kafka image, with an imitation of java."""

import os
import signal
import subprocess
from pathlib import Path

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

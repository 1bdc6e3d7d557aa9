"""Knowledge of a product is in its skill, and of Strimzi's kinds in one table."""

import re

from learnflow_infra.paths import repo_root

PACKAGE = repo_root() / "learnflow_infra"
PRODUCTS = re.compile(r"bitnami|postgres|kafka|strimzi", re.IGNORECASE)
TABLES = {PACKAGE / "readiness" / name for name in ("strimzi.py", "strimzi_specs.py")}
ALLOWED = re.compile(
    r"\bstrimzi(?:_specs)?\.[A-Za-z_]+|import strimzi(?:_specs|, strimzi_specs)?\b"  # who asks it
    r"|Deploy Kafka and PostgreSQL on Kubernetes through Helm, and prove that they work\."
)


def test_the_package_names_no_product():
    files = [f for f in PACKAGE.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    named = [
        f"{file.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for file in files
        if file not in TABLES
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if PRODUCTS.search(ALLOWED.sub("", line))
    ]
    assert named == []

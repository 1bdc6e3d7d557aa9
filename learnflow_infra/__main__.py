"""`python -m learnflow_infra`: the command, from a checkout that is not installed."""

from learnflow_infra.cli.main import main

main()

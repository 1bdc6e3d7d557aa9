"""Writes the generated pages and tables of docs/, and the copies of schemas in specs/."""

import math
from pathlib import Path

import typer
import yaml

from learnflow_infra.cli.main import app, exit_codes
from learnflow_infra.readiness.causes import Code

COMMANDS = Path(__file__).with_name("commands.md")
ROOT = Path(__file__).parents[1]
CONTRACTS = ROOT / "specs/2-infra-deploy/contracts"
SCHEMAS = ROOT / "learnflow_infra/schemas"
CAUSES = Path(__file__).with_name("causes.md")
STATES = Path(__file__).with_name("release-states.md")
TABLE = ROOT / "tests/unit/tables/release_states.yaml"
PROGRAM = typer.main.get_command(app)
GROUPS = {name: verb for name, verb in PROGRAM.commands.items() if hasattr(verb, "commands")}
VERBS = {name: verb for name, verb in PROGRAM.commands.items() if name not in GROUPS} | {
    f"{group} {name}": verb
    for group, members in GROUPS.items()
    for name, verb in members.commands.items()
}
MEANINGS = {
    0: "",
    1: "report it, with the traceback",
    2: "`diff` or `--dry-run` found them; also the exit code of `make` after any failure",
    3: "correct what the message names: file and line, or the option; see `--help`",
    4: "is it running? `make cluster-status`",
    5: "the message names the file that could not be downloaded, built or found",
    6: "`make diagnose`",
    7: "`make diagnose`; also the exit code of `status` and `diagnose` if something is not ready",
    8: "the failed check says what does not work",
    9: "wait for the other run",
    10: "read the message: data would be lost, others made it, or it cannot be changed",
    11: "each line names what is missing, and its remedy",
    12: "read the message: Linux, root or sudo, apt, disk, subnet",
    130: "run the same command again",
}


def commands_page():
    """docs/commands.md, from the program."""
    parts = [
        "# Commands\n",
        "`make docs` writes this page from the program; a test compares them.",
        "`make VERB ARGS='...'` runs `learnflow-infra VERB ...`; `make cluster-VERB` runs",
        "`learnflow-infra cluster VERB`. SKILL, beside ARGS, names skills. Results go to stdout,",
        "progress and errors to stderr.\n",
        *(_section(name, verb) for name, verb in VERBS.items()),
        "## Exit codes\n",
        "| code | means | then |",
        "|---|---|---|",
        *(f"| {code} | {text} | {MEANINGS[code]} |" for code, text in exit_codes().items()),
    ]
    return "\n".join(parts) + "\n"


def _section(name, verb):
    pieces = verb.collect_usage_pieces(typer.Context(verb))
    arguments = [piece.strip("{}") for piece in pieces if piece != "[OPTIONS]"]
    options = [p for p in verb.params if p.param_type_name == "option"]
    usage = " ".join([f"learnflow-infra {name}", *arguments, "[OPTIONS]"])
    rows = [f"| `{', '.join([*p.opts, *p.secondary_opts])}` | {_meaning(p)} |" for p in options]
    table = ["| option | means |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## {name}\n", f"    {usage}\n", f"{verb.help}\n", *table])


def _meaning(option):
    choices = [item.value for item in type(option.default)] if _is_choice(option) else []
    default = option.default.value if choices else option.default
    one_of = f" One of {', '.join(choices)}." if choices else ""
    shown = "" if default in {None, False, True, ""} else f" Default: {default}."
    return option.help + one_of + shown + (f" Or ${option.envvar}." if option.envvar else "")


def _is_choice(option):
    return hasattr(type(option.default), "__members__")


def causes_table():
    """The table of docs/causes.md, from the policies."""
    rows = [
        f"| `{code}` | {code.about} | {code.error.exit_code} | {grace(code.grace)} |"
        for code in Code
    ]
    return "\n".join(["| code | means | exit code | grace |", "|---|---|---|---|", *rows]) + "\n"


def states_page():
    """docs/release-states.md, from the table that the tests check."""
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    verbs = list(rows[0])[5:]
    parts = [
        "# What each verb does in each state of a release\n",
        "`make docs` writes this page from the table that the tests check; `make full` makes each",
        "state in a real API server and runs each verb. The numbers are exit codes. `diff` ends",
        "with 2 instead of 0 if there are changes and `--detailed-exitcode` is given.\n",
        "A release is this program's if every deploy's label is on it (or an earlier version",
        "recorded its endpoints), and its chart is the one that was deployed. Its volume claims",
        "have an annotation.\n",
        "| state | helm's record | " + " | ".join(verbs) + " |",
        "|---" * (len(verbs) + 2) + "|",
        *(_state_row(row, verbs) for row in rows),
    ]
    return "\n".join(parts) + "\n"


def _state_row(row, verbs):
    cells = [f"{row[verb][0]} ({row[verb][1]})" for verb in verbs]
    return f"| {row['name']} | {row['helm']} | " + " | ".join(cells) + " |"


def grace(seconds):
    """How long a cause may last before a wait ends; `only reported` never ends one."""
    return "only reported" if seconds == math.inf else f"{seconds:.0f} s"


def main():
    """Write the pages and the copies of schemas."""
    COMMANDS.write_text(commands_page())
    STATES.write_text(states_page())
    for name, text in schemas().items():
        (CONTRACTS / name).write_text(text)
    before, _, rest = CAUSES.read_text().partition("| code | means |")
    after = rest.partition("\n\n")[2]
    CAUSES.write_text(f"{before}{causes_table()}\n{after}")


def schemas():
    """The schemas in specs/ by file name: copies of those that the program reads."""
    return {path.name: path.read_text() for path in SCHEMAS.glob("*.schema.json")}


if __name__ == "__main__":
    main()

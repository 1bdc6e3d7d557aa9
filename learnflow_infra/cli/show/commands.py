"""The commands in texts, as this user types them to go on where the run did."""

import functools
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learnflow_infra import paths
from learnflow_infra.errors import LearnflowError
from learnflow_infra.remedy import HIDDEN, Command, Remedy, Words, quoted

if TYPE_CHECKING:
    from learnflow_infra.locations import Target

GROUPS = {"bundle", "chart", "cluster", "image"}
"""Verbs that have verbs of their own: `cluster up` is `make cluster-up`."""
REPEATED = (
    *("profile", "files", "set_values", "set_strings", "set_json", "set_files", "mirrors"),
    *("reuse_values", "keep_foreign", "allow_recreate", "force_conflicts", "adopt"),
    *("timeout", "verify", "rollback"),
    *("context", "namespace"),
)
"""Parameters of a run that its next command repeats. Not `yes`: each question is asked again."""
_WITHOUT_SKILLS = {"delete", "rollback"}
"""Verbs that repeat no skill of a run: their texts name the skills."""
_KUBECTL = re.compile(
    r"(?<![\w./-])kubectl (?=-n |(?:annotate|apply|auth|create|delete|describe|edit|exec|get|patch"
    r"|scale)\b)((?:exec|(?:delete|get) (?:jobs|pods|pvc|secrets))\b(?!.* -A))?"
)
"""A call of kubectl; the group is there if it needs a namespace, but names none."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was typed: the options to repeat by parameter, the skills, and what each verb takes."""

    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    skills: Sequence[str] = ()
    verbs: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    def of(self, command: Command) -> Command:
        """A command of a text with the options and skills of the run that it takes."""
        verb, *words = command.arguments
        known = self.verbs.get(verb)
        if known is None or "--help" in words:
            return command
        named = {p.name for p in known.params if {*p.opts, *p.secondary_opts} & {*words}}
        takes = {p.name for p in known.params} - named
        skills = self.skills if "skills" in takes and not _positional(words) else ()
        options = [w for name in REPEATED if name in takes for w in self.options.get(name, ())]
        return Command(verb, *(() if verb in _WITHOUT_SKILLS else skills), *words, *options)


_runs: list[Run] = [Run()]
"""The run of this process."""


def remember(context: Any) -> None:
    """Let the commands of texts go on where a run does.

    Args:
        context: click's, of the verb; None forgets the run.
    """
    _target.cache_clear()
    _runs[0] = _run(context) if context else Run()


def _run(context: Any) -> Run:
    sources = {p.name: context.get_parameter_source(p.name) for p in context.command.params}
    explicit = {n for n, s in sources.items() if s and s.name in {"COMMANDLINE", "ENVIRONMENT"}}
    params = [p for p in context.command.params if p.name in explicit & {*REPEATED}]
    return Run(
        options={p.name: list(_words(p, context.params[p.name])) for p in params},
        skills=tuple(context.params.get("skills") or filter(None, [context.params.get("skill")])),
        verbs=context.find_root().command.commands,
        values=context.params,
    )


def _words(param: Any, value: Any) -> Iterator[str]:
    from learnflow_infra.masking.texts import MASK, masked

    option = max(param.opts, key=len)
    if isinstance(value, bool):
        yield option if value else param.secondary_opts[0]
        return
    for item in value if isinstance(value, list | tuple) else [value]:
        yield option
        yield _file(item) if isinstance(item, Path) else masked(str(item)).replace(MASK, HIDDEN)


def _file(path: Path) -> str:
    """A path for the next command, which make runs in the checkout."""
    return str(path if not _via_make() or _in_checkout() else path.absolute())


def _positional(words: Sequence[str]) -> list[str]:
    """The words before the first option."""
    first = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    return [*words[:first]]


def completed(text: Words) -> Remedy:
    """A text whose commands name the cluster, the namespace and the values of this run.

    A string is a result, such as a manifest, and stays as it is.
    """
    return Remedy(text) if isinstance(text, str) else _completed(text, _runs[0])


def _completed(text: Remedy, run: Run) -> Remedy:
    return Remedy(*(_with_kubectl(p) if isinstance(p, str) else run.of(p) for p in text.parts))


def recorded(text: Words) -> str:
    """A text for a file: its commands name the cluster, also where that is the default."""
    run = _runs[0]
    target = _target() if run.verbs and "context" not in run.options else None
    if target:
        run = replace(run, options={**run.options, "context": ["--context", target.context]})
    return str(_completed(Remedy(text), run))


def typed(text: Words) -> str:
    """A text with its commands as this user types them: by make if that called the program."""
    return completed(text).render(_by_make if _via_make() else str)


def _via_make() -> bool:
    return "LEARNFLOW_VIA_MAKE" in os.environ


def _in_checkout() -> bool:
    return Path.cwd() == paths.repo_root()


def _by_make(command: Command) -> str:
    """The target with SKILL and ARGS; make expands `$`, and its shell splits ARGS into words."""
    verb, *words = command.arguments
    if verb.startswith("-") or (verb in GROUPS and words[0].startswith("-")):
        return "make help"  # of a group of verbs, or of the program
    target, skills = verb, []
    if verb in GROUPS:
        target, words = f"{verb}-{words[0]}", words[1:]
    else:
        skills = _positional(words)[: 1 if verb == "rollback" else None]
    arguments = {"SKILL": skills, "ARGS": words[len(skills) :]}
    folder = "" if _in_checkout() else f" -C {shlex.quote(str(paths.repo_root()))}"
    return f"make{folder} {target}" + "".join(
        f" {name}={shlex.quote(' '.join(map(quoted, value)).replace('$', '$$'))}"
        for name, value in arguments.items()
        if value
    )


def _with_kubectl(text: str) -> str:
    """A text in which kubectl is called for the cluster and the namespace of this run."""
    run = _runs[0]
    if not run.verbs or not _KUBECTL.search(text):
        return text
    from learnflow_infra.outputs.endpoints import kubectl_command

    target = _target()
    kubectl = kubectl_command(target) if target else "kubectl"
    namespace = f"-n {run.values['namespace']} " if run.values.get("namespace") else ""
    return _KUBECTL.sub(lambda m: f"{kubectl} {namespace + m[1] if m[1] else ''}", text)


@functools.cache
def _target() -> "Target | None":
    """The cluster of the run; None if its options choose none."""
    from learnflow_infra.clusters import target

    values = _runs[0].values
    try:
        return target.choose(values.get("context"), values.get("profile"))
    except LearnflowError:
        return None

"""The order of values, lowest first.

Chart defaults (merged by helm) < charts-values/<release>/values.yaml <
values-<profile>.yaml < layers of this project, such as images that it built < the
operator's files and flags < layers that correct all of them, such as a mirror of images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from learnflow_infra.documents.merging import merge
from learnflow_infra.documents.reading import Parsed, read
from learnflow_infra.models import Profile, ReleaseName, Values
from learnflow_infra.paths import repo_root
from learnflow_infra.sources.reading import Defaults
from learnflow_infra.values import unknown
from learnflow_infra.values.origins import Keys, Origin, Statement, chains, lay
from learnflow_infra.values.overrides import Overrides, refuse_kind
from learnflow_infra.values.shared import GLOBAL, with_globals
from learnflow_infra.values.typed import set_arguments, unmarked


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Values that the project adds; `name` is what `--explain` shows."""

    name: str
    values: Values

    def source(self, _path: Keys) -> str:
        """The source of every path: the layer itself."""
        return self.name


@dataclass(frozen=True, kw_only=True)
class Computed:
    """The values of a release.

    Attributes:
        release: whose values.
        values: what helm gets on top of the chart's defaults, by stdin.
        set_arguments: texts for `--set` that helm gets as well, in order: they repeat the
            integers of `values` that flags set, as charts see integers only in this way.
        warnings: values that Helm accepts but ignores.
        chart: what the chart says about its values.
        statements: the statements of all layers, lowest first.
    """

    release: ReleaseName
    values: Values
    set_arguments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    chart: Defaults = field(default_factory=Defaults)
    statements: tuple[Statement, ...] = ()

    @cached_property
    def seen(self) -> Values:
        """What the chart sees: its defaults with the values merged into them."""
        return merge(self.chart.values, self.values, nulls="delete")

    @cached_property
    def origins(self) -> Mapping[str, tuple[Origin, ...]]:
        """Dotted key to its origins, lowest first."""
        return chains(self.statements, self.seen)

    def source_of(self, path: Keys) -> str:
        """The last source that set a path, or one above or below it; "" if there is none."""
        for statement in reversed(self.statements):
            length = min(len(statement.path), len(path))
            if statement.path[:length] == path[:length]:
                return statement.source
        return ""

    def unknown_keys(self) -> list[unknown.UnknownKey]:
        """Keys that the chart does not know, with a suggestion and its source."""
        return [
            unknown.UnknownKey(
                key=f"{self.release}.{item.key}",
                suggestion=item.suggestion and f"{self.release}.{item.suggestion}",
                source=self.source_of(item.path),
                path=item.path,
            )
            for item in unknown.unknown_keys(self.values, self.chart)
        ]


def compute(
    release: ReleaseName,
    profile: Profile,
    *,
    overrides: Overrides | None = None,
    chart: Defaults | None = None,
    below: Sequence[Layer] = (),
    above: Sequence[Layer] = (),
    folder: Path | None = None,
) -> Computed:
    """The values of a release, and where each comes from.

    Args:
        release: whose values.
        profile: whose `values-<profile>.yaml` is merged into `values.yaml`.
        overrides: the operator's, read by `read_overrides`.
        chart: for origins and warnings alone; helm merges the defaults itself.
        below: layers under the operator's.
        above: layers over the operator's.
        folder: charts-values/, or another folder like it.

    Raises:
        InputError: a values file is malformed, or a flag does not fit the other layers.
    """
    chart = chart or Defaults()
    statements = _of_chart(chart)
    tree: Values = {}
    for file in _project_files(release, profile, folder):
        tree = lay(tree, file.content, file.source, statements)
    for layer in below:
        tree = lay(tree, layer.values, layer.source, statements)
    notes: list[Statement] = []
    umbrella = (overrides or Overrides()).lay_on({release: tree}, release, notes)
    own = umbrella[release]
    if not isinstance(own, dict):
        raise refuse_kind(release, own, notes)
    values, ignored = with_globals(own, umbrella.get(GLOBAL, {}))
    statements += _scoped(notes, release, ignored)
    for layer in above:
        values = lay(values, layer.values, layer.source, statements)
    return Computed(
        release=release,
        values=unmarked(values),
        set_arguments=set_arguments(values),
        warnings=tuple(f"global{key and '.' + key} {why}." for key, why in ignored.items()),
        chart=chart,
        statements=tuple(statements),
    )


def _project_files(release: ReleaseName, profile: Profile, folder: Path | None) -> list[Parsed]:
    root = folder or repo_root() / "charts-values"
    names = ("values.yaml", f"values-{profile}.yaml")
    paths = [root / release / name for name in names]
    return [read(path, f"{root.name}/{release}/{path.name}") for path in paths if path.exists()]


def _of_chart(chart: Defaults) -> list[Statement]:
    """The chart's defaults as statements, with their lines where its file is known."""

    def source(keys: Keys) -> str:
        return f"chart default ({chart.file.source(keys)})" if chart.file else "chart default"

    statements: list[Statement] = []
    lay({}, chart.values, source, statements)
    return statements


def _scoped(
    notes: Sequence[Statement], release: str, ignored: Mapping[str, str]
) -> list[Statement]:
    """Statements about the release's own paths: its own first, then those that `global` brings."""
    own = [note for note in notes if note.path[0] == release]
    shared = [note for note in notes if note.path[0] == GLOBAL and "" not in ignored]
    return [
        *(Statement(path=n.path[1:], value=n.value, source=n.source) for n in own),
        *(n for n in shared if n.path[1:2] == () or n.path[1] not in ignored),
    ]

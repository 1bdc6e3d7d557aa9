"""The order of values, lowest first.

Chart defaults (merged by helm) < charts-values/<release>/values.yaml <
values-<profile>.yaml < layers of this project, such as images that it built < the user's
files and flags < layers that override the user, such as a mirror of images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.documents.merging import coalesce
from learnflow_infra.documents.reading import Parsed, read
from learnflow_infra.models import Profile, ReleaseName, Values
from learnflow_infra.paths import repo_root
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import unknown
from learnflow_infra.values.numbers import require_exact
from learnflow_infra.values.origins import Keys, Origin, Statement, chains, dotted, lay
from learnflow_infra.values.overrides import Overrides, refuse_kind
from learnflow_infra.values.shared import GLOBAL, with_globals
from learnflow_infra.values.typed import set_arguments, unmarked


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Values that this program adds; `--explain` shows `name`."""

    name: str
    values: Values

    def source(self, _path: Keys) -> str:
        """The source of every path."""
        return self.name


@dataclass(frozen=True, kw_only=True)
class Computed:
    """The values of a release.

    Attributes:
        release: its name.
        values: what helm gets by stdin, to be merged into the chart's defaults.
        set_arguments: arguments of `--set` that repeat the integers of `values` that flags
            set; see values.typed.
        warnings: values that Helm accepts but ignores.
        chart: the chart's defaults.
        statements: the statements of all layers, lowest first.
        dialect: of the helm that gets the values.
    """

    release: ReleaseName
    values: Values
    set_arguments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    chart: Defaults = field(default_factory=Defaults)
    statements: tuple[Statement, ...] = ()
    dialect: Dialect = HELM_4

    @cached_property
    def effective(self) -> Values:
        """The chart's defaults with the values merged into them."""
        return coalesce(self.chart.values, self.values, self.dialect)

    @cached_property
    def origins(self) -> Mapping[str, tuple[Origin, ...]]:
        """Dotted key to its origins, lowest first."""
        return chains(self.statements, self.effective)

    @property
    def own_keys(self) -> list[str]:
        """The keys that the user's files and flags set, each once."""
        own = (s for s in self.statements if s.source.startswith(("-f ", "--set")))
        return list(dict.fromkeys(dotted(s.path) for s in own))

    def source_of(self, path: Keys) -> str:
        """The last source that set a path, or a path above or below it; "" if none did."""
        for statement in reversed(self.statements):
            length = min(len(statement.path), len(path))
            if statement.path[:length] == path[:length]:
                return statement.source
        return ""

    def unknown_keys(self) -> list[unknown.UnknownKey]:
        """Keys that the chart does not know, with suggestions and sources."""
        return [
            item.below(self.release, self.source_of(item.path))
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
    dialect: Dialect = HELM_4,
) -> Computed:
    """The values of a release, and where each comes from.

    Args:
        release: its name.
        profile: `values-<profile>.yaml` is merged into `values.yaml`.
        overrides: of the user, from `read_overrides`.
        chart: for origins and warnings only; helm merges the defaults itself.
        below: layers that the user overrides.
        above: layers that override the user.
        folder: charts-values/, or another folder like it.
        dialect: of the helm that gets the values.

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
    umbrella_statements: list[Statement] = []
    umbrella = (overrides or Overrides()).lay_on({release: tree}, release, umbrella_statements)
    own = umbrella[release]
    if not isinstance(own, dict):
        raise refuse_kind(release, own, umbrella_statements)
    values, ignored = with_globals(own, umbrella.get(GLOBAL, {}))
    statements += _scoped(umbrella_statements, release, ignored)
    for layer in above:
        values = lay(values, layer.values, layer.source, statements)
    return Computed(
        release=release,
        values=unmarked(values),
        set_arguments=set_arguments(values),
        warnings=tuple(f"global{key and '.' + key} {why}." for key, why in ignored.items()),
        chart=chart,
        statements=tuple(statements),
        dialect=dialect,
    )


def _project_files(release: ReleaseName, profile: Profile, folder: Path | None) -> list[Parsed]:
    root = folder or repo_root() / "charts-values"
    names = ("values.yaml", f"values-{profile}.yaml")
    paths = [root / release / name for name in names]
    files = [read(path, f"{root.name}/{release}/{path.name}") for path in paths if path.exists()]
    for file in files:
        require_exact(file)
    return files


def _of_chart(chart: Defaults) -> list[Statement]:
    """The chart's defaults as statements, with lines if its file is known."""

    def source(keys: Keys) -> str:
        return f"chart default ({chart.file.source(keys)})" if chart.file else "chart default"

    statements: list[Statement] = []
    lay({}, chart.values, source, statements)
    return statements


def _scoped(
    statements: Sequence[Statement], release: str, ignored: Mapping[str, str]
) -> list[Statement]:
    """Statements relative to the release: its own first, then those of `global`."""
    own = [s for s in statements if s.path[0] == release]
    shared = [s for s in statements if s.path[0] == GLOBAL and "" not in ignored]
    return [
        *(Statement(path=s.path[1:], value=s.value, source=s.source) for s in own),
        *(s for s in shared if s.path[1:2] == () or s.path[1] not in ignored),
    ]

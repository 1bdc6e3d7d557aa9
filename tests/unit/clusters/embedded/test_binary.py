import re

from learnflow_infra.builds import go_module
from learnflow_infra.clusters.embedded.programs import binary


def test_the_version_comes_from_the_module_itself():
    assert re.fullmatch(r"v1\.37\.\d+", binary.version())


def test_the_linker_sets_the_version_that_charts_compare():
    flags = binary.linker_flags("v1.37.2")
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion=v1.37.2" in flags
        assert f"-X {package}.gitMajor=1" in flags
        assert f"-X {package}.gitMinor=37" in flags


def test_the_linker_sets_what_containerd_and_the_plugins_report():
    flags = binary.linker_flags("v1.37.2")
    assert f"-X {binary.CONTAINERD}/version.Version=v2." in flags
    assert f"-X {binary.PLUGINS}/pkg/utils/buildversion.BuildVersion=v1." in flags


def test_the_same_inputs_have_the_same_key():
    assert binary.key() == binary.key()


def test_a_go_test_is_no_input(tmp_path, monkeypatch):
    modules = (binary.KUBERNETES, binary.CONTAINERD, binary.PLUGINS)
    (tmp_path / "go.mod").write_text("".join(f"\t{module} v1.2.3\n" for module in modules))
    (tmp_path / "go.sum").touch()
    monkeypatch.setattr(go_module, "source", lambda: tmp_path)
    before = binary.key()
    (tmp_path / "main_test.go").touch()
    assert binary.key() == before
    (tmp_path / "main.go").touch()
    assert binary.key() != before

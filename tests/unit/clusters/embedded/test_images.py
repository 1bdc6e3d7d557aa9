"""Image recipes and the image builder: errors, digests, archives, interrupted and full builds."""

import errno
import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest
import yaml

from learnflow_infra import events
from learnflow_infra.clusters.embedded.images import archive, build, build_step, maven, rootfs
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe, Maven
from learnflow_infra.errors import ArtifactError, HostError, InputError
from learnflow_infra.paths import repo_root
from learnflow_infra.system import processes

MINIMAL = {
    "apiVersion": "learnflow.infra/v1",
    "kind": "Image",
    "name": "demo",
    "version": "1.0",
    "suite": "trixie",
    "packages": ["bash"],
    "config": {"user": "1001"},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    recipe = tmp_path / "demo"
    recipe.mkdir()
    (recipe / "start.sh").write_text("echo start\n")
    return recipe


def write(folder, **sections):
    (folder / "image.yaml").write_text(yaml.safe_dump(MINIMAL | sections, sort_keys=False))
    return folder


def load(folder, **sections):
    return ImageRecipe.load(write(folder, **sections))


START = {"source": "start.sh", "dest": "/usr/local/bin/start.sh", "mode": "0755"}


@pytest.mark.parametrize(
    "recipe", sorted(repo_root().glob("skills-library/*/images/*")), ids=lambda path: path.name
)
def test_recipes_of_the_skills_load(recipe):
    loaded = ImageRecipe.load(recipe)
    assert str(loaded.reference()).startswith(f"learnflow.local/{recipe.name}:{loaded.version}-")


@pytest.mark.parametrize(
    ("sections", "line", "message"),
    [
        ({"suite": "warty"}, 5, "warty"),
        ({"packages": []}, 6, "[]"),
        ({"pakages": ["bash"]}, 10, "pakages"),
        ({"files": [START | {"source": "stop.sh"}]}, 11, "stop.sh"),
        ({"files": [START | {"source": "../demo2"}]}, 11, "../demo2"),
        ({"files": [START | {"mode": "755"}]}, 13, "755"),
        ({"directories": [{"path": "var/lib"}]}, 11, "var/lib"),
        ({"maven": {"dest": "/x", "artifacts": ["kafka"]}}, 13, "kafka"),
        ({"maven": {"dest": "/x", "artifacts": ["a:b:1"], "checksums": "no"}}, 14, "no"),
    ],
)
def test_a_fault_is_named_with_file_and_line(folder, sections, line, message):
    with pytest.raises(InputError) as caught:
        load(folder, **sections)
    assert caught.value.what.startswith(f"{folder / 'image.yaml'}:{line}:")
    assert message in str(caught.value)


def test_broken_yaml_is_named_with_file_and_line(folder):
    (folder / "image.yaml").write_text("name: x\npackages: [bash\n")
    with pytest.raises(InputError, match=r"image\.yaml:3"):
        ImageRecipe.load(folder)


def test_the_digest_follows_every_input_and_nothing_else(folder):
    first = load(folder, files=[START])
    (folder / "notes.txt").write_text("not named by the recipe")
    assert load(folder, files=[START]).digest == first.digest
    (folder / "start.sh").write_text("echo other\n")
    second = load(folder, files=[START])
    third = load(folder, files=[START], version="1.1")
    assert len({first.digest, second.digest, third.digest}) == 3
    assert second.reference().tag == f"1.0-{second.digest[:10]}"


def test_paths_stay_inside_the_image(tmp_path):
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "opt").symlink_to("/usr")
    assert rootfs.inside(tmp_path, "/bin/x") == tmp_path / "usr/bin/x"
    assert rootfs.inside(tmp_path, "/opt/bin/x") == tmp_path / "usr/bin/x"


def test_entries_are_written_and_what_is_unneeded_removed(folder, tmp_path):
    me = {"uid": os.getuid(), "gid": os.getgid()}
    recipe = load(
        folder,
        users=[{"name": "app", "uid": 1001, "gid": 1001, "home": "/tmp"}],  # noqa: S108
        files=[START],
        directories=[{"path": "/var/lib/app", "mode": "0770", **me}],
        links={"/usr/bin/start": "../local/bin/start.sh"},
        remove=["var/lib/*", "usr/share/[!z]*"],
    )
    tree = tmp_path / "rootfs"
    for name in ("var/lib/dpkg", "usr/share/doc/bash", "usr/share/zoneinfo", "usr/bin"):
        (tree / name).mkdir(parents=True)
    (tree / "usr/share/link").symlink_to(tmp_path)
    rootfs.add_entries(recipe, tree)
    rootfs.remove_unneeded(recipe, tree)
    assert "app:x:1001:1001:" in (tree / "etc/passwd").read_text()
    assert (tree / "etc/resolv.conf").read_text() == ""
    assert (tree / "usr/bin/start").resolve().read_text() == "echo start\n"
    assert (tree / "usr/local/bin/start.sh").stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in (tree / "var/lib").iterdir()) == ["app"]
    assert sorted(path.name for path in (tree / "usr/share").iterdir()) == ["zoneinfo"]
    assert tmp_path.exists()


def test_the_pom_lists_the_artifacts_without_the_excluded():
    text = maven.pom(Maven(dest="/x", artifacts=("a.b:c:1",), exclude=("d:e",)))
    assert "<groupId>a.b</groupId><artifactId>c</artifactId><version>1</version>" in text
    assert "<exclusion><groupId>d</groupId><artifactId>e</artifactId></exclusion>" in text


def test_jars_are_exactly_the_recorded_ones(tmp_path):
    (tmp_path / "a.jar").write_bytes(b"a")
    good = f"{hashlib.sha256(b'a').hexdigest()}  a.jar\n"
    maven.require_checksums(good, tmp_path)
    (tmp_path / "b.jar").write_bytes(b"b")
    with pytest.raises(ArtifactError, match=r"b\.jar: not recorded"):
        maven.require_checksums(good, tmp_path)
    (tmp_path / "b.jar").unlink()
    with pytest.raises(ArtifactError, match=r"a\.jar: sha256"):
        maven.require_checksums(f"{'0' * 64}  a.jar\n{'1' * 64}  c.jar\n", tmp_path)


@pytest.fixture
def members(tmp_path):
    tree = tmp_path / "rootfs"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/hello").write_text("hello")
    layer = archive.layer(tree, tmp_path / "layer.tar")
    settings = {"user": "1001", "env": {"A": "b"}, "stopSignal": "SIGTERM", "cmd": ["x"]}
    archive.write(tmp_path / "i.tar", name="r/demo:1", settings=settings, content=layer)
    with tarfile.open(tmp_path / "i.tar") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def blob(members, descriptor):
    content = members["blobs/" + descriptor["digest"].replace(":", "/")]
    assert descriptor["size"] == len(content)
    assert descriptor["digest"] == "sha256:" + hashlib.sha256(content).hexdigest()
    return content


def test_the_archive_is_an_oci_layout_that_holds_together(members):
    (named,) = json.loads(members["index.json"])["manifests"]
    assert named["annotations"] == {"io.containerd.image.name": "r/demo:1"}
    manifest = json.loads(blob(members, named))
    config = json.loads(blob(members, manifest["config"]))
    blob(members, manifest["layers"][0])
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
    assert config["config"] == {
        "User": "1001",
        "Cmd": ["x"],
        "StopSignal": "SIGTERM",
        "Env": ["A=b"],
    }


def test_the_same_tree_gives_the_same_layer(tmp_path):
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        os.utime(tmp_path / name / "file", (len(digests), 7))
        digests.add(archive.layer(tmp_path / name, tmp_path / f"{name}.tar").digest)
    assert len(digests) == 1


def stages(monkeypatch, packages=lambda *_: None):
    def extract(recipe, tree, note):
        tree.mkdir()
        packages(recipe, tree, note)

    monkeypatch.setattr(rootfs, "extract_packages", extract)


def test_a_build_is_cached_by_its_inputs(folder, monkeypatch):
    stages(monkeypatch)
    emitted = []
    recipe = load(folder)
    first = build.build(recipe, emit=emitted.append)
    assert first.name == f"demo-{recipe.digest}.tar"
    stages(monkeypatch, lambda *_: pytest.fail("built again"))
    assert build.build(recipe, emit=emitted.append) == first
    assert [e.changed for e in emitted if isinstance(e, events.StepFinished)] == [True, False]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ArtifactError("no network")])
def test_a_failed_build_leaves_nothing_and_the_next_succeeds(folder, monkeypatch, failure):
    def fail(*_):
        raise failure

    stages(monkeypatch, fail)
    recipe = load(folder)
    with pytest.raises(failure if isinstance(failure, type) else type(failure)):
        build.build(recipe, emit=events.ignore)
    assert not build.built_path(recipe).exists()
    assert not [p for p in (build.cache_dir() / "tmp").iterdir() if p.is_dir()]
    stages(monkeypatch)
    assert build.build(recipe, emit=events.ignore).exists()


def test_the_files_of_a_killed_build_are_removed(folder, monkeypatch):
    recipe = load(folder)
    left = build.cache_dir() / "tmp" / f"image-demo-{recipe.digest}"
    (left / "rootfs").mkdir(parents=True)
    stages(monkeypatch)
    build.build(recipe, emit=events.ignore)
    assert not left.exists()


def test_a_full_disk_is_the_hosts_error(folder, monkeypatch):
    def fill(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    stages(monkeypatch, fill)
    with pytest.raises(HostError, match="full") as caught:
        build.build(load(folder), emit=events.ignore)
    assert "XDG_CACHE_HOME" in str(caught.value.remedy)


def test_too_little_disk_space_is_an_error_before_the_build(folder, monkeypatch):
    stages(monkeypatch, lambda *_: pytest.fail("begun"))
    monkeypatch.setattr(build, "_NEEDED_BYTES", 1 << 60)
    with pytest.raises(HostError, match="full"):
        build.build(load(folder), emit=events.ignore)


def test_a_programs_last_lines_are_the_reason(tmp_path):
    lines = []
    with pytest.raises(ArtifactError) as caught:
        build_step.run(["sh", "-c", "echo one; echo two >&2; exit 3"], what="it", note=lines.append)
    assert "exit code 3" in caught.value.what
    assert "two" in caught.value.why
    assert lines == ["one", "two"]


def test_a_program_that_fills_the_disk_is_the_hosts_error(tmp_path):
    command = ["sh", "-c", "echo 'tar: write: No space left on device'; exit 2", str(tmp_path)]
    with pytest.raises(HostError, match="full"):
        build_step.run(command, what="it", note=lambda _line: None)


def test_a_missing_program_is_the_hosts_error():
    with pytest.raises(HostError, match="no-such-program"):
        build_step.run(["no-such-program"], what="it", note=lambda _line: None)


def test_the_recipe_names_no_mirror(folder, monkeypatch):
    commands = []
    monkeypatch.setattr(build_step, "run", lambda command, **_: commands.append(command))
    rootfs.extract_packages(load(folder), Path("/somewhere/rootfs"), lambda _line: None)
    assert commands[0][-2:] == ["trixie", "/somewhere/rootfs"]
    assert not [word for word in commands[0] if "://" in word]


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"])
def test_an_interrupt_ends_the_program(trap, monkeypatch):
    def interrupt(_line):
        raise KeyboardInterrupt

    monkeypatch.setattr(processes, "GRACE", 0.1)
    command = ["sh", "-c", f"{trap} echo begun; exec sleep infinity"]
    with pytest.raises(KeyboardInterrupt):
        build_step.run(command, what="it", note=interrupt)

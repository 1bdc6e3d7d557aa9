"""An image's root file system: Debian packages extracted, and the recipe's own entries.

Packages are extracted without running their maintainer scripts, so the image has no dpkg,
apt or perl; what a script would have made (a link, a configuration) the recipe declares.
"""

import os
import shutil
from pathlib import Path

from learnflow_infra.clusters.embedded.images import build_step
from learnflow_infra.clusters.embedded.images.build_step import Note
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe

DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""Of debian-archive-keyring. Without it, and without gpg, mmdebstrap uses the host's keys."""

_ROOT_DIRECTORIES = ("dev", "proc", "sys", "run", "tmp", "etc")
"""Mount points that a container runtime expects, and folders of the files below."""

_CONFIGURATION = {
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
    "hostname": "localhost\n",
    "resolv.conf": "",
}
"""Files of /etc. mmdebstrap copies the host's last three; the kubelet mounts its own there."""


def extract_packages(recipe: ImageRecipe, rootfs: Path, note: Note) -> None:
    """Unpack the recipe's packages and what they depend on into the new folder `rootfs`.

    No mirror is named: mmdebstrap takes Debian's own, with Debian's archive key, also on
    a host that is not Debian.
    """
    command = ["mmdebstrap", "--variant=extract", "--format=directory", "--mode=root"]
    command += [f"--keyring={DEBIAN_KEYS}"]
    command += [f"--include={','.join(recipe.packages)}", '--aptopt=Acquire::Retries "3"']
    command += [recipe.suite, str(rootfs)]
    build_step.run(command, what=f"the Debian packages of image {recipe.name}", note=note)


def add_entries(recipe: ImageRecipe, rootfs: Path) -> None:
    """Write users, directories, files and links."""
    for name in _ROOT_DIRECTORIES:
        (rootfs / name).mkdir(exist_ok=True)
    for name, text in _CONFIGURATION.items():
        (rootfs / "etc" / name).write_text(text, encoding="utf-8")
    (rootfs / "tmp").chmod(0o1777)
    _write_users(recipe, rootfs)
    _make_directories(recipe, rootfs)
    for file in recipe.files:
        path = inside(rootfs, file["dest"])
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(recipe.folder / file["source"], path)
        path.chmod(int(file.get("mode", "0644"), 8))
    for name, link_target in recipe.links.items():
        path = inside(rootfs, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(link_target)


def _make_directories(recipe: ImageRecipe, rootfs: Path) -> None:
    for directory in recipe.directories:
        path = inside(rootfs, directory["path"])
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, directory.get("uid", 0), directory.get("gid", 0))
        path.chmod(int(directory.get("mode", "0755"), 8))


def inside(rootfs: Path, name: str) -> Path:
    """The host's path of the absolute path `name` in the image; links stay inside the image."""
    path = rootfs
    for part in Path(name).parts[1:-1]:
        path /= part
        while path.is_symlink():
            target = path.readlink()
            path = (
                rootfs / target.relative_to("/") if target.is_absolute() else path.parent / target
            )
    return path / Path(name).name


def _write_users(recipe: ImageRecipe, rootfs: Path) -> None:
    users = [{"name": "root", "uid": 0, "gid": 0, "home": "/root"}, *recipe.users]
    line = "{name}:x:{uid}:{gid}:{name}:{home}:/usr/sbin/nologin\n"
    passwd = "".join(line.format_map(user) for user in users)
    (rootfs / "etc/passwd").write_text(passwd, encoding="utf-8")
    groups = "".join("{name}:x:{gid}:\n".format_map(user) for user in users)
    (rootfs / "etc/group").write_text(groups, encoding="utf-8")


def run_commands(recipe: ImageRecipe, rootfs: Path, note: Note) -> None:
    """Run the recipe's commands in the image, in a network namespace with loopback alone.

    First all files get the epoch as their time, as in the finished image: commands may
    record times of files.
    """
    if not recipe.run:
        return
    reset_times(rootfs)
    script = (
        'ip link set lo up; mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"; '
        'hostname localhost; exec chroot "$@"'
    )
    isolated = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount"]
    isolated += ["--propagation", "private", "sh", "-ec", script, "run", str(rootfs)]
    for command in recipe.run:
        what = f"{command[0]} in image {recipe.name}"
        environment = {"LC_ALL": "C", "HOME": "/root"}
        build_step.run([*isolated, *command], what=what, note=note, env=environment)


def reset_times(rootfs: Path) -> None:
    """Set every file's time to the epoch."""
    for folder, names, files in os.walk(rootfs):
        for name in (*names, *files):
            os.utime(os.path.join(folder, name), (0, 0), follow_symlinks=False)  # noqa: PTH118


def remove_unneeded(recipe: ImageRecipe, rootfs: Path) -> None:
    """Delete the matches of the recipe's globs, except its directories; no link is followed."""
    for pattern in recipe.remove:
        for path in list(rootfs.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    _make_directories(recipe, rootfs)

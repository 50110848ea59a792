"""Which file systems other machines may share."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsphere_motion.run.filesystems import find_type, is_shared, type_in

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:30 / /home rw - nfs4 nas:/home rw,vers=4.2
31 30 0:31 / /home/ann/my\\040disk rw - fuse.sshfs ann@box:/ rw
32 21 0:32 / /mnt rw - ext4 /dev/sdb1 rw
33 21 0:33 / /mnt rw - cifs //box/share rw
34 21 0:34
"""


@pytest.mark.parametrize(
    ("path", "kind", "shared"),
    [
        pytest.param("/var/lib/x", "ext4", False, id="the root"),
        pytest.param("/home/ann/.local", "nfs4", True, id="below a mount"),
        pytest.param("/homework", "ext4", False, id="a name that begins alike"),
        pytest.param("/home/ann/my disk/state", "fuse.sshfs", True, id="a blank in the mount point"),
        pytest.param("/mnt/state", "cifs", True, id="the upper of two mounts"),
    ],
)
def test_the_longest_mount_point_decides(path: str, kind: str, *, shared: bool) -> None:
    assert type_in(MOUNTS, Path(path)) == kind
    assert is_shared(kind) is shared


@pytest.mark.parametrize("kind", ["9p", "CEPH", "fuse.glusterfs", "lustre", "smb3"])
def test_other_network_file_systems(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", [None, "tmpfs", "xfs", "fuse.gocryptfs", "overlay"])
def test_file_systems_of_one_machine(kind: str | None) -> None:
    assert not is_shared(kind)


def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path) -> None:
    assert find_type(tmp_path, tmp_path / "none") is None
    assert find_type(tmp_path) is not None or not Path("/proc/self/mountinfo").exists()

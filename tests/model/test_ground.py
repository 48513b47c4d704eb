"""What a store stands on: network file systems and careless database servers are recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.ground import network_mount, weaknesses
from model.store import Store

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 27 0:40 / /srv/shared rw - nfs4 server:/export rw
32 27 0:41 / /srv/shared/local rw shared:7 master:2 - xfs /dev/vdb rw
33 27 0:42 / /mnt/my\\040share rw - cifs //server/share rw
34 27 0:43 / /mnt/9 rw - 9p host rw
35 27 0:44 / /mnt/ssh rw - fuse.sshfs me@host: rw
36 27 0:45 / /home rw - fuse.mergerfs pool rw
half a line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/crosstie/crosstie.db", None),
        ("/srv/shared/crosstie.db", "nfs4"),
        ("/srv/shared/local/crosstie.db", None),
        ("/srv/sharedelsewhere/crosstie.db", None),
        ("/mnt/my share/a/crosstie.db", "cifs"),
        ("/mnt/9/crosstie.db", "9p"),
        ("/mnt/ssh/crosstie.db", "fuse.sshfs"),
        ("/home/me/crosstie.db", None),
    ],
)
def test_the_nearest_mount_says_whether_a_file_is_on_the_network(path: str, kind: str | None) -> None:
    assert network_mount(MOUNTS, Path(path)) == kind


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_local_file_is_firm_ground(store: Store) -> None:
    assert weaknesses(store.database) == ()


@pytest.mark.parametrize("dialect", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_server_that_was_told_not_to_flush_is_named_with_each_setting(store: Store) -> None:
    assert weaknesses(store.database) == tuple(
        f"PostgreSQL runs with {name} = off" for name in ("fsync", "full_page_writes", "synchronous_commit")
    )

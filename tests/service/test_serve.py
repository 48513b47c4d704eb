"""crosstie serve as a process of its own: a service manager's signals, and a second one on its port."""

from __future__ import annotations

import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.service.commandline import CommandLine
from tests.service.daemon_run import config_of, eventually, write_plan


def _answers(folder: Path) -> bool:
    port = (folder / "crosstie.toml").read_text().partition('metrics = "127.0.0.1:')[2].partition('"')[0]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_it_starts_reloads_refuses_a_rival_and_ends_as_a_service_manager_wants(tmp_path: Path) -> None:
    (tmp_path / "crosstie.toml").write_text(config_of())
    write_plan(tmp_path, "A-1")
    line = CommandLine(tmp_path)
    served = line.start("serve")
    try:
        eventually(lambda: _answers(tmp_path), 60)
        rival = line.run("serve")
        assert rival.returncode == 3
        assert "cannot be listened on" in rival.stderr
        served.send_signal(signal.SIGHUP)
        begun = time.monotonic()
        served.send_signal(signal.SIGTERM)
        _, told = served.communicate(timeout=20)
    except BaseException:
        served.kill()
        served.communicate()
        raise
    assert time.monotonic() - begun < 10
    assert served.returncode == 0
    assert "stopped; the next start goes on from here" in told
    assert "Traceback" not in told


def test_killed_at_once_it_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "crosstie.toml").write_text(config_of())
    write_plan(tmp_path, "A-1")
    line = CommandLine(tmp_path)
    first: subprocess.Popen[str] = line.start("serve")
    try:
        eventually(lambda: _answers(tmp_path), 60)
    finally:
        first.kill()
        first.communicate()
    assert line.run("db", "verify").returncode == 0
    assert line.run("health").returncode == 0

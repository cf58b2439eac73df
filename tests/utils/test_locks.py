"""One writer at a time: between processes, between threads, after kills, and with signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sentrep.utils.errors import InputError
from sentrep.utils.locks import holder, lock_file, writer
from tests.paths import ROOT

HOLD = """
import signal, sys, time
from pathlib import Path
from sentrep.utils.files import aside_of
from sentrep.utils.locks import writer

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
with writer(Path(sys.argv[1]), "hold"):
    aside = aside_of(Path(sys.argv[1]))
    aside.mkdir()
    try:
        print("held", flush=True)
        time.sleep(60)
    finally:
        aside.rmdir()
"""


def hold(target: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock of `target` until it is ended."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLD, str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with writer(target, "index"):
        since = time.strftime("%Y-%m-%d")
        with pytest.raises(InputError) as caught, writer(target, "index"):
            pytest.fail("two writers")
    assert caught.value.setting == "wait"
    for part in ("index", str(os.getpid()), since, os.uname().nodename):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_waiting_writer_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    target, order = tmp_path / "target", list[str]()

    def second() -> None:
        with writer(target, "second", wait=True):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with writer(target, "first"):
            waiting = pool.submit(second)
            time.sleep(0.3)
            order.append("first")
        waiting.result(10)
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_many_threads_write_one_after_the_other(tmp_path: Path) -> None:
    inside, most = 0, 0

    def write(_: int) -> None:
        nonlocal inside, most
        with writer(tmp_path / "target", "write", wait=True):
            inside += 1
            most = max(most, inside)
            time.sleep(0.001)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    assert most == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_killed_writer_holds_nothing_and_its_leftovers_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    process = hold(target)
    with pytest.raises(InputError, match=str(process.pid)), writer(target, "second"):
        pytest.fail("two writers")
    process.kill()
    process.wait()
    assert len(list(tmp_path.iterdir())) == 2, "the aside-folder and the lock are left"
    with writer(target, "second"):
        assert list(tmp_path.iterdir()) == [lock_file(target)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_clean_up(number: signal.Signals, tmp_path: Path) -> None:
    process = hold(tmp_path / "target")
    process.send_signal(number)
    process.wait(20)
    assert list(tmp_path.iterdir()) == []


def test_sigterm_is_an_interrupt_within_and_itself_again_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer(tmp_path / "target", "write"):  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert list(tmp_path.iterdir()) == []


def test_a_lock_without_a_readable_holder(tmp_path: Path) -> None:
    for content in ("", "{", "[1]", '{"pid": 1}', "\x00"):
        lock_file(tmp_path / "target").write_text(content)
        assert holder(tmp_path / "target") == "another process"
    with writer(tmp_path / "target", "write"):
        assert str(os.getpid()) in holder(tmp_path / "target")


def test_other_threads_are_left_their_signals(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def write() -> None:
        with writer(tmp_path / "target", "write"):
            assert signal.getsignal(signal.SIGTERM) is before

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()

"""`fastai-tui data …`, run for real, with MNIST's own files on a server that misbehaves."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from fastai_tui.engine.data.catalogue import MNIST
from tests.local_server import Server, crawls, refuses, sends_to, serving
from tests.warm import command

COMMAND = [sys.executable, "-m", "fastai_tui.app.cli.main", "data"]
SHARED = "train-images-idx3-ubyte.gz"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as running:
        monkeypatch.setenv("FASTAI_TUI_MIRROR", f"{running.address('/a')} {running.address('/b')}")
        monkeypatch.setenv("FASTAI_TUI_MIRROR_ONLY", "1")
        yield running


@pytest.fixture
def mnist(server: Server, test_data: Path) -> Server:
    """The server with MNIST at two addresses."""
    for file in MNIST.files:
        for mirror in "ab":
            server.add(f"/{mirror}/mnist/{file.packed}", (test_data / "mnist" / file.packed).read_bytes())
    return server


def data(*arguments: str) -> subprocess.CompletedProcess[str]:
    return command("data", *arguments)


def sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one sentence of a command that failed with `code`."""
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def is_mnist(folder: Path) -> bool:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    return found == {file.name: file.sha256 for file in MNIST.files}


def test_list_names_licence_size_and_what_is_here() -> None:
    listed = json.loads(data("list", "--json").stdout)
    assert {entry["name"]: entry["here"] for entry in listed} == {
        "mnist-sample": True,
        "mnist": False,
        "colour-digits": True,
        "cifar10": False,
        "photo-activations": True,
        "dogscats": False,
        "dogbreeds": False,
        "digit-clutter": True,
        "pydocs": True,
        "nietzsche": False,
        "tinyshakespeare": False,
    }
    assert all(entry["licence"] and (entry["size"] or entry["by_hand"]) for entry in listed)
    assert [entry["name"] for entry in listed if entry["hashes"] != "published"] == ["dogbreeds", "nietzsche"]
    text = data("list").stdout
    assert "mnist-sample" in text
    assert "CC BY-SA 3.0" in text
    assert "\x1b" not in text


def test_get_verify_and_remove(mnist: Server, home: Path) -> None:
    done = data("get", "mnist")
    assert done.returncode == 0, done
    assert is_mnist(home / "data" / "mnist")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert "complete and verified" in done.stdout.splitlines()[-1]
    assert "already here" in data("get", "mnist").stdout
    assert json.loads(data("verify", "mnist", "--json").stdout)["right"] is True
    assert json.loads(data("rm", "mnist", "--json").stdout)["freed"] == MNIST.size
    assert "not on this machine" in sentence(data("rm", "mnist"), 3)
    assert "not on this machine" in sentence(data("verify", "mnist"), 3)


def test_a_get_through_every_trouble_ends_well(mnist: Server, home: Path) -> None:
    images, labels, t10k, t10k_labels = (f"/a/mnist/{file.packed}" for file in MNIST.files)
    mnist.answers[images] = [sends_to(1_000_000), sends_to(5_000_000), refuses(403)]
    mnist.answers[labels] = [refuses(404)]
    mnist.files[t10k] = wrong = gzip.compress(b"something else")
    mnist.answers[t10k_labels] = [sends_to(0)]
    done = data("get", "mnist", "--json")
    assert done.returncode == 0, done
    assert is_mnist(home / "data" / "mnist")
    assert mnist.ranges(images) == ["", "bytes=1000000-", "bytes=5000000-"]
    assert mnist.ranges(images.replace("/a/", "/b/")) == ["bytes=5000000-"]
    stream = [json.loads(line) for line in done.stdout.splitlines()]
    assert stream[-1]["type"] == "done"
    assert stream[-1]["here"] is True
    notices = " ".join(line["message"] for line in stream if line["type"] == "notice")
    assert "answered 403" in notices
    assert hashlib.sha256(gzip.decompress(wrong)).hexdigest() in notices
    assert MNIST.files[2].sha256 in notices
    assert {line["file"] for line in stream if line["type"] == "progress"} == {file.packed for file in MNIST.files}


def test_where_every_address_fails_one_sentence_says_why(mnist: Server, home: Path) -> None:
    for mirror in "ab":
        mnist.answers[f"/{mirror}/mnist/{SHARED}"] = [refuses(403)]
    said = sentence(data("get", "mnist"), 1)
    assert said.count("answered 403") == 2
    assert "fastai-tui data import mnist PATH" in said
    assert not (home / "data" / "mnist").exists()


def test_ctrl_c_keeps_what_has_arrived_and_the_next_get_resumes(mnist: Server, home: Path) -> None:
    images = f"/a/mnist/{SHARED}"
    mnist.answers[images] = [sends_to(3_000_000), crawls]
    process = subprocess.Popen([*COMMAND, "get", "mnist"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(mnist.ranges(images)) == 2)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130, (out, err)
    assert err.count("\n") == 1
    assert "Interrupted: what has arrived of mnist is kept, and `fastai-tui data get mnist` goes on from there" in err
    part = home / "data" / ".mnist.part" / f"{SHARED}.part"
    assert part.stat().st_size >= 3_000_000
    assert mnist.files[images].startswith(part.read_bytes())
    assert not (home / "data" / "mnist").exists()
    mnist.answers[images] = []
    have = part.stat().st_size
    assert data("get", "mnist").returncode == 0
    assert mnist.ranges(images)[-1] == f"bytes={have}-"
    assert is_mnist(home / "data" / "mnist")


def test_a_kill_at_any_time_leaves_no_half_set(mnist: Server, home: Path) -> None:
    for wait in (0.2, 0.3, 0.4, 0.5, 0.6):
        process = subprocess.Popen([*COMMAND, "get", "mnist"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
        if (home / "data" / "mnist").exists():
            assert is_mnist(home / "data" / "mnist")
            data("rm", "mnist")
    assert data("get", "mnist").returncode == 0
    assert is_mnist(home / "data" / "mnist")


def test_import_takes_what_is_there_and_refuses_what_is_wrong(test_data: Path, home: Path, tmp_path: Path) -> None:
    done = data("import", "mnist", str(test_data / "mnist"), "--json")
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["here"] is True
    assert is_mnist(home / "data" / "mnist")
    data("rm", "mnist")
    folder = tmp_path / "mine"
    folder.mkdir()
    for file in MNIST.files:
        (folder / file.name).write_bytes(b"wrong")
    said = sentence(data("import", "mnist", str(folder)), 2)
    assert hashlib.sha256(b"wrong").hexdigest() in said
    assert MNIST.files[0].sha256 in said
    assert not (home / "data" / "mnist").exists()


def test_a_damaged_set_fails_verification_with_both_hashes(test_data: Path, home: Path) -> None:
    data("import", "mnist", str(test_data / "mnist"))
    path = home / "data" / "mnist" / "t10k-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    done = data("verify", "mnist")
    assert "t10k-labels-idx1-ubyte" in sentence(done, 1)
    assert hashlib.sha256(content).hexdigest() in done.stdout
    assert MNIST.files[3].sha256 in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["get", "minst"], 2, "there are mnist-sample, mnist"),
        (["verify", "minst"], 2, "there are mnist-sample, mnist"),
        (["rm", "mnist-sample"], 2, "comes with the program"),
        (["import", "mnist-sample", "."], 2, "comes with the program"),
        (["import", "mnist", "/nowhere/at/all"], 3, "nothing at"),
        (["import", "mnist"], 2, "Missing argument"),
        (["get"], 2, "Missing argument"),
        (["steal", "mnist"], 2, "No such command"),
        (["get", "mnist", "--fast"], 2, "No such option"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(arguments: list[str], code: int, words: str) -> None:
    assert words in sentence(data(*arguments), code)


def test_the_embedded_sample_needs_no_getting() -> None:
    done = data("get", "mnist-sample")
    assert done.returncode == 0
    assert "nothing to get" in done.stdout


def test_a_terminal_gets_one_moving_line_a_file(mnist: Server, home: Path) -> None:
    images = f"/a/mnist/{SHARED}"
    mnist.answers[images] = [sends_to(3_000_000), crawls]
    arguments = [*COMMAND[1:], "get", "mnist"]
    screen = pexpect.spawn(COMMAND[0], arguments, dimensions=(24, 80), encoding="utf-8", timeout=30)
    screen.expect(r"train-images-idx3-ubyte\.gz.*31%.*3\.0 MB of 9\.6 MB.*left")
    shown = screen.after.rsplit("\x1b[K", 1)[-1]
    assert len(shown) < 80
    screen.sendintr()
    screen.expect("Interrupted: what has arrived of mnist is kept")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130


def test_help_says_how_to_use_a_mirror() -> None:
    shown = " ".join(data("get", "--help").stdout.replace("│", " ").split())
    assert "FASTAI_TUI_MIRROR" in shown


def test_nothing_of_it_loads_torch_or_numpy_for_its_help() -> None:
    script = "import sys; from fastai_tui.app.cli import data; print(*{'torch', 'numpy', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def wait_for(what: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_full_disk_is_one_sentence(mnist: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no small file system can be mounted here")
    try:
        monkeypatch.setenv("FASTAI_TUI_HOME", str(disk / "home"))
        said = sentence(data("get", "mnist"), 1)
        assert "full" in said
        assert not (disk / "home" / "data" / "mnist").exists()
        staging = disk / "home" / "data" / ".mnist.part"
        assert os.listdir(staging) == [f"{SHARED}.part"]  # the download is whole; unpacked it has no room
        subprocess.run([*mount[:4], "remount,size=80m", *mount[5:]], check=True)
        assert data("get", "mnist").returncode == 0
        assert is_mnist(disk / "home" / "data" / "mnist")
        assert [asked for asked in mnist.ranges(f"/a/mnist/{SHARED}") if not asked] == [""]
    finally:
        subprocess.run(["umount", str(disk)], check=True)

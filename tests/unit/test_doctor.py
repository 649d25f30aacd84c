"""Every branch of the doctor, on machines made up of a folder, an environment and a few answers."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.engine.doctor import data, device, disk, findings, survival, terminal, versions
from fastai_tui.engine.doctor.machine import Finding, Machine, Output, Screen, run_command, this_machine
from fastai_tui.engine.errors import RunFailed

CPU = {"auto": "cpu", "threads": 2, "cuda_built": "13.0", "cuda": [], "mps": False}
H200 = {"name": "NVIDIA H200", "capability": "9.0", "memory": 140 * 2**30, "free": 100 * 2**30, "bf16": True}
TTY = Screen(tty=True, columns=80, lines=24, depth="truecolor", encoding="utf-8")


class Commands:
    """Stands in for programs: outputs by the first words of the command; the rest are absent."""

    def __init__(self, outputs: Mapping[str, Output | str] | None = None) -> None:
        self.outputs = outputs or {}

    def __call__(self, command: Sequence[str]) -> Output | None:
        line = " ".join(command)
        found = next((output for start, output in self.outputs.items() if line.startswith(start)), None)
        return Output(0, found) if isinstance(found, str) else found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without anything remarkable."""
    root = tmp_path / "root"
    root.mkdir()
    return Machine(
        environment={"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"},
        home=tmp_path / "home",
        user="ann",
        uid=os.getuid(),
        cores=8,
        usable=8,
        root=root,
        screen=TTY,
        run=Commands(),
        ask=lambda request: CPU if request == "device" else None,
    )


def write(machine: Machine, files: Mapping[str, str]) -> Machine:
    for name, text in files.items():
        machine.path(name).parent.mkdir(parents=True, exist_ok=True)
        machine.path(name).write_text(text)
    return machine


def within(machine: Machine, **environment: str) -> Machine:
    return replace(machine, environment={**machine.environment, **environment})


def named(found: Any, name: str) -> Finding:
    [finding] = [finding for finding in found if finding.name == name]
    return finding


def check(finding: Finding, status: str, seen: str = "", advice: str = "", *, stops: bool = False) -> None:
    assert finding.status == status, finding
    assert seen in finding.seen, finding
    assert advice in finding.advice, finding
    assert finding.stops_training is stops, finding


# Terminal


@pytest.mark.parametrize(
    ("screen", "environment", "status", "seen"),
    [
        (TTY, {}, "ok", "80×24"),
        (replace(TTY, columns=30), {}, "note", "30×24"),
        (replace(TTY, lines=8), {}, "note", "80×8"),
        (TTY, {"TERM": "dumb"}, "note", "dumb"),
        (TTY, {"TERM": ""}, "note", "not set"),
        (replace(TTY, tty=False), {}, "note", "no terminal"),
    ],
)
def test_the_terminal(machine: Machine, screen: Screen, environment: dict[str, str], status: str, seen: str) -> None:
    found = terminal.findings(replace(within(machine, **environment), screen=screen))
    check(named(found, "terminal"), status, seen)


def test_few_colours_are_explained_with_what_ssh_has_to_do_with_it(machine: Machine) -> None:
    poor = replace(within(machine, COLORTERM="", SSH_CONNECTION="1 2 3 4"), screen=replace(TTY, depth="256"))
    finding = named(terminal.findings(poor), "colours")
    check(finding, "note", "256 colours", "export COLORTERM=truecolor")
    assert "SSH" in finding.advice
    check(named(terminal.findings(machine), "colours"), "ok", "true colours")
    check(named(terminal.findings(within(poor, NO_COLOR="1")), "colours"), "ok", "NO_COLOR")


@pytest.mark.parametrize(
    ("features", "version", "status", "advice"),
    [
        ("256,RGB,title", "tmux 3.4", "ok", ""),
        ("256,title", "tmux 3.4", "note", 'terminal-features ",*:RGB"'),
        ("", "tmux 3.0a", "note", 'terminal-overrides ",*:Tc"'),
        ("", "tmux next-3.6", "note", "terminal-features"),
    ],
)
def test_tmux_is_asked_whether_true_colours_pass(
    machine: Machine, features: str, version: str, status: str, advice: str
) -> None:
    run = Commands({"tmux -V": version, "tmux display-message": features + "\n"})
    found = terminal.findings(replace(within(machine, TMUX="/tmp/tmux-1/default,1,0"), run=run))
    check(named(found, "multiplexer"), status, "tmux 3.", advice)


def test_screen_tmux_without_an_answer_and_a_bare_ssh_session(machine: Machine) -> None:
    run = Commands({"screen --version": "Screen version 4.09.01 (GNU) 20-Aug-23"})
    check(named(terminal.findings(replace(within(machine, STY="1.x"), run=run)), "multiplexer"), "note", "screen 4.9")
    check(named(terminal.findings(within(machine, TMUX="x")), "multiplexer"), "note", "unknown version")
    check(named(terminal.findings(within(machine, SSH_CONNECTION="x")), "multiplexer"), "ok", "watch last")


def test_a_locale_without_utf_8_is_noted(machine: Machine) -> None:
    poor = replace(within(machine, LC_ALL="C"), screen=replace(TTY, encoding="iso8859-1"))
    check(named(terminal.findings(poor), "locale"), "note", "LC_ALL=C", "C.UTF-8")
    check(named(terminal.findings(machine), "locale"), "ok", "LANG=C.UTF-8")


# Versions


@pytest.mark.parametrize(
    ("version", "specifier", "fits"),
    [
        ("2.15.0", ">=2.6", True),
        ("2.5.1", ">=2.6", False),
        ("2.15.0+cpu", "==2.15.0", True),
        ("2.15.1", "==2.15.0", False),
        ("2.15.1", "==2.15.*", True),
        ("8.10", ">=8.2,<9", True),
        ("9.0", ">=8.2,<9", False),
        ("5.3.2", "<6,>=5.3.2", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5.0", "~=1.4.2", False),
        ("3.0", "!=3.0.*", False),
        ("2.6", "==2.6.0", True),
        ("1.0rc1", ">1", False),
        ("1", "", True),
    ],
)
def test_versions_are_compared_as_pip_does(version: str, specifier: str, fits: bool) -> None:
    from packaging.specifiers import SpecifierSet

    assert SpecifierSet(specifier, prereleases=True).contains(version) is fits
    assert versions.satisfied(version, specifier) is fits


def shelf(installed: Mapping[str, str], needs: Mapping[str, list[str]]) -> dict[str, Any]:
    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    return {"requires": lambda name: needs.get(name, []), "version": version}


NEEDS = {
    "fastai-tui": ["torch>=2.6", "numpy>=1.26", "pytest; extra == 'dev'"],
    "torchvision": ["torch==2.15.0", "scipy; extra == 'scipy'"],
}
GOOD = {"torch": "2.15.0", "torchvision": "0.29.2", "numpy": "2.4.0"}


def test_good_versions_are_ok_and_extras_are_not_missed(machine: Machine) -> None:
    found = list(versions.findings(machine, **shelf(GOOD, NEEDS), python="3.12.1"))
    assert {finding.status for finding in found} == {"ok"}
    assert {finding.name for finding in found} == {"python", "torch", "torchvision", "packages"}
    check(named(found, "packages"), "ok", "all 2")


@pytest.mark.parametrize(
    ("change", "name", "status", "seen", "stops"),
    [
        ({"torch": "2.14.0"}, "torchvision", "problem", "wants torch ==2.15.0", False),
        ({"torch": "2.15.0+cpu"}, "torchvision", "problem", "one is a CPU build", False),
        ({"numpy": "1.20"}, "numpy", "problem", ">=1.26 is wanted", False),
        ({"torch": ""}, "torch", "problem", "not installed", True),
        ({"torch": "9.0"}, "torch", "note", "newer than", False),
    ],
)
def test_versions_that_do_not_fit_are_named(
    machine: Machine, change: dict[str, str], name: str, status: str, seen: str, stops: bool
) -> None:
    installed = {package: version for package, version in (GOOD | change).items() if version}
    found = versions.findings(machine, **shelf(installed, NEEDS), python="3.11.0")
    check(named(found, name), status, seen, stops=stops)


@pytest.mark.parametrize(("python", "status"), [("3.10.9", "problem"), ("3.11.0", "ok"), ("3.99.0", "note")])
def test_pythons_version(machine: Machine, python: str, status: str) -> None:
    found = versions.findings(machine, **shelf(GOOD, NEEDS), python=python)
    check(named(found, "python"), status, python, stops=status == "problem")


# Device

SMI = {"nvidia-smi --query-gpu": "NVIDIA H200, 570.86.15, 1024 MiB, 3 %\n"}


def test_a_gpu_that_torch_uses(machine: Machine) -> None:
    found = list(
        device.findings(replace(machine, run=Commands(SMI), ask=lambda _: CPU | {"auto": "cuda:0", "cuda": [H200]}))
    )
    check(named(found, "device"), "ok", "cuda:0: NVIDIA H200, 100 of 140 GiB free")
    check(named(found, "driver"), "ok", "NVIDIA 570.86.15 for NVIDIA H200: 1024 MiB in use, 3 % busy")


@pytest.mark.parametrize(
    ("environment", "built", "advice"),
    [
        ({"CUDA_VISIBLE_DEVICES": ""}, "13.0", "unset CUDA_VISIBLE_DEVICES"),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, "13.0", "unset CUDA_VISIBLE_DEVICES"),
        ({}, "", "CPU build"),
        ({}, "13.0", "CUDA 13.0"),
    ],
)
def test_a_gpu_that_torch_does_not_use(machine: Machine, environment: dict[str, str], built: str, advice: str) -> None:
    unused = replace(within(machine, **environment), run=Commands(SMI), ask=lambda _: CPU | {"cuda_built": built})
    check(named(device.findings(unused), "device"), "note", "although there is a GPU", advice)


def test_no_gpu_is_nothing_to_complain_about(machine: Machine) -> None:
    found = list(device.findings(machine))
    check(named(found, "device"), "ok", "the CPU, with 2 threads")
    alone = replace(machine, ask=lambda _: CPU | {"threads": 1})
    assert named(device.findings(alone), "device").seen.endswith("with 1 thread")
    check(named(found, "driver"), "ok", "no NVIDIA driver")
    apple = replace(machine, ask=lambda _: CPU | {"auto": "mps", "mps": True})
    check(named(device.findings(apple), "device"), "ok", "mps")


def test_a_driver_that_fails_or_hangs(machine: Machine) -> None:
    said = "Failed to initialize NVML: Driver/library version mismatch"
    broken = replace(machine, run=Commands({"nvidia-smi": Output(18, said)}))
    check(named(device.findings(broken), "driver"), "problem", "version mismatch", "restart")
    hanging = write(machine, {"/proc/driver/nvidia/version": "NVRM"})
    check(named(device.findings(hanging), "driver"), "note", "does not answer")


def test_a_lab_that_cannot_answer_stops_training_and_says_why(machine: Machine) -> None:
    def broken(request: str) -> Any:
        raise RunFailed("The lab process ended without an answer: libcudart.so.13: cannot open shared object file")

    check(
        named(device.findings(replace(machine, ask=broken)), "torch"), "problem", "libcudart", "reinstall", stops=True
    )


def test_a_lab_that_hangs_is_not_waited_for(machine: Machine) -> None:
    began = time.monotonic()
    stuck = replace(machine, ask=lambda _: time.sleep(5))
    check(named(device.findings(stuck, seconds=0.1), "torch"), "problem", "did not start", "nvidia-smi", stops=True)
    assert time.monotonic() - began < 3


def test_a_bug_in_the_lab_is_not_swallowed(machine: Machine) -> None:
    def bug(request: str) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(device.findings(replace(machine, ask=bug)))


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5),
        ({"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/cpu.max": "50000 100000"}, 0.5),
        ({"/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "max 100000"}, None),
        ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "400000 100000"}, 4),
        (
            {
                "/proc/self/cgroup": "4:memory:/x\n3:cpu,cpuacct:/docker/1\n0::/\n",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        (
            {
                "/proc/self/cgroup": "1:cpu:/\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_the_processors_that_control_groups_allow(machine: Machine, files: dict[str, str], quota: float | None) -> None:
    assert device.cpu_quota(write(machine, files)) == quota


def test_a_limit_on_processors_asks_for_fewer_threads(machine: Machine) -> None:
    limited = write(machine, {"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "250000 100000"})
    check(named(device.findings(limited), "processors"), "note", "time of 2.5", "OMP_NUM_THREADS=2")
    check(named(device.findings(within(limited, OMP_NUM_THREADS="2")), "processors"), "ok", "time of 2.5")
    check(named(device.findings(replace(machine, usable=3, root=Path("/nowhere"))), "processors"), "ok", "may use 3")


def test_little_memory_is_noted(machine: Machine) -> None:
    roomy = write(machine, {"/proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   20971520 kB\n"})
    check(named(device.findings(roomy), "memory"), "ok", "20.0 GiB free")
    write(machine, {"/proc/self/cgroup": "0::/job\n", "/sys/fs/cgroup/job/memory.max": str(2**30)})
    check(named(device.findings(machine), "memory"), "note", "limited to 1.0 GiB")


# Disk


def space(free: int, inodes: int = 9) -> Any:
    return lambda path: SimpleNamespace(f_bavail=free, f_frsize=1, f_files=10, f_favail=inodes)


@pytest.mark.parametrize(
    ("statvfs", "status", "seen"),
    [
        (space(50 * 2**30), "ok", "50.0 GiB"),
        (space(2**30), "note", "1.0 GiB"),
        (space(2**20), "problem", "1 MiB"),
        (space(50 * 2**30, inodes=0), "problem", "inodes"),
    ],
)
def test_free_space(machine: Machine, statvfs: Any, status: str, seen: str) -> None:
    found = disk.findings(replace(machine, statvfs=statvfs))
    check(named(found, "space"), status, seen, stops=status == "problem")


def test_the_homes_permissions(machine: Machine) -> None:
    check(named(disk.findings(machine), "home"), "ok", "made when it is needed")
    machine.home.mkdir(mode=0o700)
    check(named(disk.findings(machine), "home"), "ok", "private")
    machine.home.chmod(0o755)
    check(named(disk.findings(machine), "home"), "note", "open to other users", f"chmod 700 {machine.home}")
    check(named(disk.findings(replace(machine, uid=machine.uid + 1)), "home"), "note", "another user")


def test_a_home_that_cannot_be_written_stops_training(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.home.write_text("a file")
    check(named(disk.findings(machine), "home"), "problem", "is a file", "FASTAI_TUI_HOME", stops=True)
    machine.home.unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    check(named(disk.findings(machine), "home"), "problem", "not writable", "FASTAI_TUI_HOME", stops=True)


QUOTA = """Disk quotas for user ann (uid 1000):
     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace
nas:/export/home/a/very/long/name {used}  10485760 11534336 {grace}   1      0       0
"""


@pytest.mark.parametrize(
    ("used", "grace", "code", "status"),
    [("1048576", "", 0, "ok"), ("10000000", "", 0, "note"), ("10999999*", "6days", 1, "problem")],
)
def test_quotas(machine: Machine, used: str, grace: str, code: int, status: str) -> None:
    run = Commands({"quota": Output(code, QUOTA.format(used=used, grace=grace))})
    check(named(disk.findings(replace(machine, run=run)), "quota"), status, "of 10.0 GiB used on nas:")


def test_no_quota_is_no_finding(machine: Machine) -> None:
    for run in (Commands(), Commands({"quota": "Disk quotas for user ann (uid 1000): none\n"})):
        assert "quota" not in {finding.name for finding in disk.findings(replace(machine, run=run))}


MOUNTS = """22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:40 / /mnt/my\\040disk rw shared:1 - nfs4 nas:/home rw,vers=4.2
24 22 0:41 / /tmp rw - tmpfs tmpfs rw
25 24 0:42 / /tmp rw - xfs /dev/sdb rw
26 22 0:43 / /ram rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/home/ann", "ext4"),
        ("/mnt/my disk/home", "nfs4"),
        ("/mnt/my diskette", "ext4"),
        ("/tmp/x", "xfs"),
        ("/ram", "tmpfs"),
    ],
)
def test_the_file_system_that_a_place_is_on(place: str, kind: str) -> None:
    assert disk.file_system(MOUNTS, Path(place)) == kind
    assert disk.file_system("", Path(place)) == ""


@pytest.mark.parametrize(
    ("kind", "status", "seen"),
    [
        ("nfs4", "note", "network"),
        ("overlay", "note", "with the container"),
        ("tmpfs", "note", "restart"),
        ("xfs", "ok", ""),
    ],
)
def test_what_the_file_system_means(machine: Machine, kind: str, status: str, seen: str) -> None:
    write(machine, {"/proc/self/mountinfo": f"22 1 8:1 / / rw - {kind} x rw\n"})
    check(named(disk.findings(machine), "file system"), status, seen)


# Data


def test_the_data_sets_that_are_here_and_how_to_get_the_others(machine: Machine) -> None:
    found = list(data.findings(machine))
    check(named(found, "mnist-sample"), "ok", "comes with the program")
    check(named(found, "mnist"), "note", "not here", "fastai-tui data get mnist")


# After log-out

SESSION = {"/run/systemd/system/x": "", "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-3.scope\n"}
MANAGER = {
    "/run/systemd/system/x": "",
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/user@1000.service/app.slice/tmux.scope\n",
}
KILLS = {"/etc/systemd/logind.conf": "[Login]\nKillUserProcesses=yes\n"}
SPARES = {"/etc/systemd/logind.conf": "[Login]\n#KillUserProcesses=no\n#KillExcludeUsers=root\n"}
LINGERS = {"/var/lib/systemd/linger/ann": ""}


def log_out(machine: Machine) -> Finding:
    return named(survival.findings(machine), "log-out")


def test_without_systemd_nothing_is_ended(machine: Machine) -> None:
    check(log_out(write(machine, KILLS)), "ok", "no systemd")


def test_kill_user_processes_ends_a_session_and_the_way_out_is_named(machine: Machine) -> None:
    finding = log_out(write(machine, SESSION | KILLS))
    check(finding, "problem", "KillUserProcesses is on", "systemd-run --user --scope")
    assert "loginctl enable-linger" in finding.advice
    assert "enable-linger" not in log_out(write(machine, LINGERS)).advice


def test_a_commented_line_is_the_systems_default_and_none_at_all_is_systemds(machine: Machine) -> None:
    check(log_out(write(machine, SESSION | SPARES)), "ok", "is off")
    machine.path("/etc/systemd/logind.conf").unlink()
    check(log_out(machine), "problem")


def test_the_bus_knows_better_than_the_files(machine: Machine) -> None:
    write(machine, SESSION | KILLS)
    check(log_out(replace(machine, run=Commands({"busctl get-property": "b false\n"}))), "ok")
    write(machine, SPARES)
    check(log_out(replace(machine, run=Commands({"busctl get-property": "b true\n"}))), "problem")
    check(log_out(replace(machine, run=Commands({"busctl": Output(1, "Failed to connect to bus")}))), "ok")


def test_drop_ins_are_read_in_the_order_of_their_names_and_etc_replaces_usr_lib(machine: Machine) -> None:
    write(machine, SESSION | SPARES)
    write(machine, {"/usr/lib/systemd/logind.conf.d/50-kill.conf": "[Login]\nKillUserProcesses=yes\n"})
    check(log_out(machine), "problem")
    write(machine, {"/run/systemd/logind.conf.d/60-spare.conf": "[Login]\nKillUserProcesses = no\n"})
    check(log_out(machine), "ok")
    write(machine, {"/etc/systemd/logind.conf.d/60-spare.conf": "[Other]\nKillUserProcesses=no\n"})
    check(log_out(machine), "problem")


@pytest.mark.parametrize(
    ("line", "user", "status"),
    [
        ("KillExcludeUsers=ann bob", "ann", "ok"),
        ("KillExcludeUsers=bob", "ann", "problem"),
        ("KillOnlyUsers=bob", "ann", "ok"),
        ("KillOnlyUsers=ann", "ann", "problem"),
        ("", "root", "ok"),
    ],
)
def test_users_who_are_spared_or_singled_out(machine: Machine, line: str, user: str, status: str) -> None:
    write(machine, SESSION | {"/etc/systemd/logind.conf": f"[Login]\nKillUserProcesses=yes\n{line}\n"})
    check(log_out(replace(machine, user=user)), status)


def test_the_user_manager_ends_with_the_last_log_out_unless_it_lingers(machine: Machine) -> None:
    check(log_out(write(machine, MANAGER | SPARES)), "problem", "user manager", "loginctl enable-linger")
    check(log_out(write(machine, LINGERS)), "ok", "linger is on")


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"SLURM_JOB_ID": "77", "SLURM_JOB_END_TIME": "1700000000"}, "Slurm job 77: when it ends (2023-11-1"),
        ({"SLURM_JOB_ID": "77", "SLURM_JOB_END_TIME": "soon"}, "Slurm job 77: when it ends, every"),
        ({"PBS_JOBID": "5.srv"}, "PBS job 5.srv"),
        ({"LSB_JOBID": "6"}, "LSF job 6"),
        ({"JOB_ID": "8", "SGE_TASK_ID": "undefined"}, "Grid Engine job 8"),
    ],
)
def test_a_batch_job_is_recognised(machine: Machine, environment: dict[str, str], seen: str) -> None:
    check(named(survival.findings(within(machine, **environment)), "batch queue"), "note", seen, "resume last")


def test_a_job_id_of_something_else_is_no_batch_job(machine: Machine) -> None:
    check(named(survival.findings(within(machine, JOB_ID="8")), "batch queue"), "ok")


@pytest.mark.parametrize(
    ("environment", "files", "kind"),
    [
        ({}, {"/.dockerenv": ""}, "Docker"),
        ({}, {"/run/.containerenv": ""}, "Podman"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {"/.dockerenv": ""}, "Kubernetes"),
        ({"APPTAINER_CONTAINER": "x.sif"}, {}, "Apptainer"),
        ({"container": "lxc"}, {}, "lxc"),
    ],
)
def test_a_container_is_recognised(
    machine: Machine, environment: dict[str, str], files: dict[str, str], kind: str
) -> None:
    inside = write(within(machine, **environment), files)
    check(named(survival.findings(inside), "container"), "note", f"({kind})", "volume")
    check(named(survival.findings(replace(machine, root=Path("/nowhere"))), "container"), "ok")


def test_a_limit_on_processor_time_is_noted(machine: Machine) -> None:
    check(named(survival.findings(machine), "time limit"), "ok")
    check(named(survival.findings(replace(machine, cpu_seconds=3600)), "time limit"), "note", "60 minutes", "batch job")


# All of it


def test_a_plain_machine_gives_every_group_and_nothing_that_stops_training(machine: Machine) -> None:
    found = list(findings(machine))
    groups = list(dict.fromkeys(finding.group for finding in found))
    assert groups == ["terminal", "versions", "device", "disk", "data", "after log-out"]
    assert not [finding for finding in found if finding.stops_training]
    assert all(finding.advice for finding in found if finding.status == "problem")


def test_a_command_that_is_absent_or_hangs_has_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastai_tui.engine.doctor.machine.COMMAND_SECONDS", 0.2)
    assert run_command(["no-such-program-anywhere"]) is None
    assert run_command([sys.executable, "-c", "import time; time.sleep(9)"]) is None
    assert run_command(["sh", "-c", "echo yes; exit 3"]) == Output(3, "yes\n")


def test_this_machine_knows_itself(home: Path) -> None:
    here = this_machine(TTY)
    assert (here.home, here.uid, here.screen) == (home, os.getuid(), TTY)
    assert 1 <= here.usable <= here.cores


def test_the_doctor_loads_no_torch() -> None:
    program = (
        "import sys; from dataclasses import replace; from fastai_tui.engine.doctor import findings; "
        "from fastai_tui.engine.doctor.machine import Screen, this_machine; "
        f"list(findings(replace(this_machine(Screen()), ask=lambda request: {CPU}))); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

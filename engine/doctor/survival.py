"""Does what a log-out leaves behind stay alive? A run is a process of its own and outlives its terminal, but the system
may end it all the same: systemd-logind, a user manager that stops, a batch queue, a container, a limit on time."""

import re
import time
from collections.abc import Iterator
from functools import partial

from fastai_tui.engine.doctor.machine import Finding, Machine

_finding = partial(Finding, group="after log-out")
_QUEUES = {
    "SLURM_JOB_ID": "Slurm",
    "PBS_JOBID": "PBS",
    "LSB_JOBID": "LSF",
    "OAR_JOB_ID": "OAR",
    "FLUX_JOB_ID": "Flux",
    "_CONDOR_SCRATCH_DIR": "HTCondor",
}
_CONTAINER_FILES = {"/.dockerenv": "Docker", "/run/.containerenv": "Podman", "/.singularity.d": "Apptainer"}
_CONTAINER_VARIABLES = {
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "APPTAINER_CONTAINER": "Apptainer",
    "SINGULARITY_CONTAINER": "Apptainer",
}
_LOGIND_FOLDERS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")  # the first wins
_BUS = ["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"]


def findings(machine: Machine) -> Iterator[Finding]:
    """What may end a run after a log-out."""
    yield _logind(machine)
    yield _queue(machine)
    yield _container(machine)
    yield _time_limit(machine)


def logind_settings(machine: Machine) -> dict[str, str]:
    """What logind.conf and its drop-ins say under [Login]. A commented-out line of the main file is the default."""
    settings: dict[str, str] = {}
    main = next((text for folder in _LOGIND_FOLDERS if (text := machine.text(f"{folder}/logind.conf"))), "")
    _read_login(main, settings, commented=True)
    _read_login(main, settings)
    drop_ins: dict[str, str] = {}
    for folder in reversed(_LOGIND_FOLDERS):  # a file in /etc replaces its namesake in /usr/lib
        for path in machine.path(f"{folder}/logind.conf.d").glob("*.conf"):
            drop_ins[path.name] = machine.text(f"{folder}/logind.conf.d/{path.name}")
    for name in sorted(drop_ins):
        _read_login(drop_ins[name], settings)
    return settings


def _read_login(text: str, settings: dict[str, str], *, commented: bool = False) -> None:
    section = ""
    for line in text.splitlines():
        if found := re.match(r"\s*\[(\w+)\]", line):
            section = found[1]
        elif (
            section == "Login" and (found := re.match(r"(#?)\s*(\w+)\s*=\s*(.*)", line)) and bool(found[1]) == commented
        ):
            settings[found[2]] = found[3].strip()


def _logind(machine: Machine) -> Finding:
    if not machine.exists("/run/systemd/system"):
        return _finding(name="log-out", status="ok", seen="no systemd here that would end what you leave running")
    place, linger = _place(machine), machine.exists(f"/var/lib/systemd/linger/{machine.user}")
    if place == "manager":
        return _of_manager(machine, linger)
    if place != "session" or not _kills(machine):
        return _finding(
            name="log-out", status="ok", seen="systemd lets your processes live on (KillUserProcesses is off)"
        )
    seen = "systemd ends all of your session's processes at log-out (KillUserProcesses is on): runs too"
    first = "" if linger else "`loginctl enable-linger` once, then "
    advice = (
        f"Run {first}start things outside the session: `systemd-run --user --scope tmux`, and train in there. "
        "Or ask your administrator for KillUserProcesses=no."
    )
    return _finding(name="log-out", status="problem", seen=seen, advice=advice)


def _of_manager(machine: Machine, linger: bool) -> Finding:
    if linger:
        seen = "you are in systemd's user manager, which stays after log-out (linger is on)"
        return _finding(name="log-out", status="ok", seen=seen)
    seen = "you are in systemd's user manager, which ends at your last log-out, with everything in it: runs too"
    return _finding(name="log-out", status="problem", seen=seen, advice="Run `loginctl enable-linger` once.")


def _place(machine: Machine) -> str:
    """Where systemd keeps this process: `session`, `manager` (user@.service), or elsewhere (empty)."""
    groups = machine.text("/proc/self/cgroup")
    if re.search(r"/user@\d+\.service(/|$)", groups, re.MULTILINE):
        return "manager"
    return "session" if re.search(r"/session-[^/\n]+\.scope(/|$)", groups, re.MULTILINE) else ""


def _kills(machine: Machine) -> bool:
    """Does logind end this user's processes? Asked over the bus, for its files may have changed since it started."""
    settings = logind_settings(machine)
    output = machine.run([*_BUS, "KillUserProcesses"])
    if output and not output.code and output.text.split()[:1] == ["b"]:
        kills = output.text.split()[-1] == "true"
    else:
        kills = settings.get("KillUserProcesses", "yes").lower() in ("yes", "true", "on", "1", "y", "t")
    only, spared = settings.get("KillOnlyUsers", "").split(), settings.get("KillExcludeUsers", "root").split()
    return kills and machine.user not in spared and (not only or machine.user in only)


def _queue(machine: Machine) -> Finding:
    environment = machine.environment
    job = next((f"{queue} job {environment[name]}" for name, queue in _QUEUES.items() if environment.get(name)), "")
    if not job and environment.get("JOB_ID") and any(name.startswith("SGE_") for name in environment):
        job = f"Grid Engine job {environment['JOB_ID']}"
    if not job:
        return _finding(name="batch queue", status="ok", seen="not inside a batch job")
    seen = f"inside {job}: when it ends{_job_end(environment.get('SLURM_JOB_END_TIME', ''))}, every run in it is killed"
    advice = "Nothing recorded is lost: in your next job, `fastai-tui resume last` goes on from the last checkpoint."
    return _finding(name="batch queue", status="note", seen=seen, advice=advice)


def _job_end(seconds: str) -> str:
    if not re.fullmatch(r"[0-9]{1,11}", seconds):
        return ""
    return time.strftime(" (%Y-%m-%d %H:%M)", time.localtime(int(seconds)))


def _container(machine: Machine) -> Finding:
    variables = [kind for name, kind in _CONTAINER_VARIABLES.items() if machine.environment.get(name)]
    files = [kind for name, kind in _CONTAINER_FILES.items() if machine.exists(name)]
    kind = next(iter(variables + files), machine.environment.get("container", ""))
    if not kind:
        return _finding(name="container", status="ok", seen="not inside a container")
    seen = f"inside a container ({kind}): its end is every run's end"
    advice = (
        "Keep the container running, and FASTAI_TUI_HOME on a volume that outlives it; `resume` goes on from there."
    )
    return _finding(name="container", status="note", seen=seen, advice=advice)


def _time_limit(machine: Machine) -> Finding:
    if machine.cpu_seconds is None:
        return _finding(name="time limit", status="ok", seen="none on a process's processor time")
    seen = f"a process is killed after {machine.cpu_seconds / 60:,.0f} minutes of processor time (ulimit -t)"
    advice = "Log-in nodes do that: train in a batch job, or on a machine without the limit."
    return _finding(name="time limit", status="note", seen=seen, advice=advice)

"""A real Slurm of one node on this machine: its own key, socket, ports and folder, and nothing outside of them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from checkouts import ROOT

DAEMONS = ("munged", "slurmctld", "slurmd")
PLUGINS = ROOT / ".venv/plugins"  # each in a folder of its own: where snakemake finds one, every start takes longer
CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=86400
MessageTimeout=60
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory}
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Return what keeps Slurm from being started here, or nothing."""
    sbin = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    absent = [name for name in (*DAEMONS, "sbatch", "srun") if not shutil.which(name, path=sbin)]
    if absent:
        return f"no {', '.join(absent)} on this machine; 'make slurm' installs Debian's"
    if os.geteuid():
        return "Slurm's daemons are started by root"
    return "" if (PLUGINS / "slurm").is_dir() else f"no plugins in {PLUGINS}; 'make slurm' puts them there"


@dataclass(frozen=True)
class Slurm:
    """The cluster, while it runs."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its commands need; plugins of snakemake are where jobs find them, too."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"], "/usr/sbin"])
        return os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def call(self, *command: str) -> str:
        """Run one of Slurm's commands; return what it says."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self, *states: str) -> list[list[str]]:
        """Return number, state and comment of the jobs in some states, or of all that are not forgotten."""
        chosen = ",".join(states) or "all"
        told = self.call("squeue", "--noheader", f"--states={chosen}", "--sort=i", "--format=%i|%T|%k")
        return [line.split("|") for line in told.splitlines()]

    def start(self, name: str, *options: str) -> None:
        """Start one of the daemons, which goes into the background once it is ready."""
        log = self.folder / f"{name}.out"
        with log.open("w") as file:
            done = subprocess.run([name, *options], env=self.environment, stdout=file, stderr=file, check=False)
        assert done.returncode == 0, f"{name}: {log.read_text()}"

    def stop(self, name: str) -> None:
        """End one of the daemons and what it started."""
        file = self.folder / ("munge/pid" if name == "munged" else f"{name}.pid")
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            process = psutil.Process(int(file.read_text()))
            family = [*process.children(recursive=True), process]
            process.send_signal(signal.SIGTERM)
            _, alive = psutil.wait_procs(family, timeout=20)
            for one in alive:
                one.kill()


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def write_configuration(folder: Path, cores: int) -> None:
    control_port, node_port = free_ports(2)
    filled = CONFIGURATION.format(
        folder=folder, host=socket.gethostname().partition(".")[0], control_port=control_port, node_port=node_port,
        cores=cores, memory=psutil.virtual_memory().total // 2**20 * 9 // 10,
    )  # fmt: skip
    (folder / "slurm.conf").write_text(filled)
    for name in ("munge", "state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge/key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    # Snakemake's plugin takes all of Slurm's variables from what it runs inside of a job
    step = folder / "bin/srun"
    step.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    step.chmod(0o755)


@contextlib.contextmanager
def running_slurm(folder: Path, cores: int = 2) -> Iterator[Slurm]:
    """Start a cluster in an empty folder, and end all of it afterwards."""
    write_configuration(folder, cores)
    slurm = Slurm(folder)
    own = {name: f"{folder}/munge/{name}" for name in ("socket", "key", "pid", "log", "seed")}
    try:
        slurm.start(
            *["munged", "--force", f"--socket={own['socket']}", f"--key-file={own['key']}", f"--pid-file={own['pid']}"],
            *[f"--log-file={own['log']}", f"--seed-file={own['seed']}"],
        )
        slurm.start("slurmctld", "-c")
        slurm.start("slurmd")
        wait_for(lambda: "idle" in slurm.call("sinfo", "--noheader", "--format=%T"), 60)
        yield slurm
    finally:
        with contextlib.suppress(AssertionError):
            slurm.call("scancel", "--signal=KILL", "--user=root")
            slurm.call("scancel", "--user=root")
            wait_for(lambda: not slurm.jobs("running", "completing"), 30)
        for name in reversed(DAEMONS):
            slurm.stop(name)


def wait_for(condition, seconds: float) -> None:
    """Wait until something holds; raises AssertionError where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)

"""A real Slurm on this machine: two nodes, and optionally job accounting and a GPU.

All files are below one folder, located by SLURM_CONF alone, so it affects no other Slurm.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun"]
ACCOUNTING = ["slurmdbd", "sacctmgr", "mariadbd", "mariadb-install-db"]
NODES = ["one", "two"]

SLURM = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job of a node that failed is queued again when its credential has expired.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Without cgroups: the memory of a job is sampled, and a job that holds too much is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1
# Nodes have the configured size, whatever that of the machine.
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=2
GresTypes=gpu
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=16000
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=16000 {gres}
PartitionName=main Nodes=one,two Default=YES MaxTime=INFINITE State=UP
"""
# With accounting, squeue drops finished jobs soon: sacct keeps them.
WITH_ACCOUNTS = """
PartitionName=gpus Nodes=two MaxTime=INFINITE State=UP
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports[3]}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=associations,limits
AccountingStorageTRES=gres/gpu
MinJobAge=5
"""
WITHOUT_ACCOUNTS = "AccountingStorageType=accounting_storage/none\n"
SLURMDBD = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdPort={ports[3]}
SlurmUser={user}
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[4]}
StorageUser=root
"""


@dataclass
class Cluster:
    """The daemons by name, the folder of their state and logs, and their ports."""

    folder: Path
    ports: list[int]
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("w") as out:
            self.daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def start_node(self, name: str) -> None:
        self.start(name, "slurmd", "-D", "-N", name)

    def stop(self, name: str) -> None:
        """Kill a daemon, as in a power loss."""
        daemon = self.daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def processes(self, job: str | None = None) -> list[int]:
        """The processes of this cluster, or of one job, by their environment."""
        marks = {f"SLURM_CONF={self.folder}/slurm.conf".encode()}
        if job is not None:
            marks.add(f"SLURM_JOB_ID={job}".encode())
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and marks <= set(environment(entry).split(b"\0"))
        ]

    def signal(self, job: str, number: int) -> None:
        """Send a signal to the processes of a job, past Slurm."""
        for process in self.processes(job):
            with suppress(ProcessLookupError):
                os.kill(process, number)


def environment(process: Path) -> bytes:
    """The environment of a process, NAME=VALUE joined by null bytes; empty if it has ended."""
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def ask(*command: str) -> str:
    """The output of a Slurm command."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)


def missing(accounts: bool) -> list[str]:
    """The programs of a cluster that are not installed."""
    needed = PROGRAMS + (ACCOUNTING if accounts else [])
    return [program for program in needed if shutil.which(program) is None]


@contextmanager
def cluster(folder: Path, accounts: bool) -> Iterator[Cluster]:
    """A cluster that runs during the block; SLURM_CONF points to it."""
    new = Cluster(folder, free_ports(5))
    configure(new, accounts)
    outside = dict(os.environ)
    os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
    os.environ["PATH"] = f"{folder}/bin:{outside['PATH']}"
    try:
        start(new, accounts)
        yield new
    finally:
        os.environ.clear()
        os.environ.update(outside)
        while left := new.processes():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            for daemon in new.daemons.values():
                daemon.wait()


def configure(new: Cluster, accounts: bool) -> None:
    folder = new.folder
    facts = {
        "folder": folder,
        "host": socket.gethostname().partition(".")[0],
        "user": getpass.getuser(),
        "ports": new.ports,
        "gres": "Gres=gpu:1" if accounts else "",
    }
    more = WITH_ACCOUNTS if accounts else WITHOUT_ACCOUNTS
    (folder / "slurm.conf").write_text((SLURM + more).format(**facts))
    if accounts:
        (folder / "gres.conf").write_text("NodeName=two Name=gpu Count=1 File=/dev/null\n")
        (folder / "slurmdbd.conf").write_text(SLURMDBD.format(**facts))
        (folder / "slurmdbd.conf").chmod(0o600)
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    # The executor takes all SLURM_ variables from srun's environment, this one too.
    (folder / "bin").mkdir()
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    for name in ("state", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir()


def free_ports(count: int) -> list[int]:
    """Ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def start(new: Cluster, accounts: bool) -> None:
    folder = new.folder
    new.start(
        "munged",
        *("munged", "--foreground", "--force", f"--key-file={folder}/munge.key"),
        *(f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid"),
        *(f"--seed-file={folder}/munged.seed", f"--log-file={folder}/munged.log"),
    )
    wait_for((folder / "munge.socket").exists, "munged")
    if accounts:
        start_database(new)
    new.start("slurmctld", "slurmctld", "-D")
    for node in NODES:
        new.start_node(node)
    wait_for(lambda: ask_softly("sinfo", "-h", "-o", "%T %D").split() == ["idle", "2"], "nodes")


def start_database(new: Cluster) -> None:
    """MariaDB, slurmdbd, and in it the cluster, an account ``lab`` and this user."""
    folder, data = new.folder, new.folder / "database"
    subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"),
            *("--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"),
        ],
        capture_output=True,
        check=True,
    )
    new.start(
        "mariadbd",
        *("mariadbd", "--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"),
        *(
            f"--socket={folder}/mariadb.socket",
            "--bind-address=127.0.0.1",
            f"--port={new.ports[4]}",
        ),
    )
    wait_for((folder / "mariadb.socket").exists, "mariadbd")
    new.start("slurmdbd", "slurmdbd", "-D")
    wait_for(lambda: ask_softly("sacctmgr", "-n", "list", "user"), "slurmdbd")
    for record in (
        ["cluster", "test"],
        ["account", "lab"],
        ["user", getpass.getuser(), "account=lab"],
    ):
        ask("sacctmgr", "-i", "add", *record)


def ask_softly(*command: str) -> str:
    """The output of a command, empty while its daemon does not run yet."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout

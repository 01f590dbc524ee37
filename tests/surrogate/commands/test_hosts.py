"""Two processes of four devices each that train one model through scripts.train: what one device trains, killed on the
way, told of the job by flags and variables, and when it goes on by Slurm."""

import csv
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np

from musicvae_jax import checkpoint
from surrogate.corpus import shards
from tests.arrays import leaves, random_tokens

ENVIRONMENT = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": ""}
OF_FOUR_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
PIPES = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def command(folder, name):
    settings = dict(data=folder / "pack.npz", workdir=folder / name, steps=6, batch_size=8, warmup_steps=1)
    settings |= dict(log_every=1, evaluate_every=3, checkpoint_every=2, evaluate_windows=8, save_dtype="float32")
    sizes = dict(z_size=4, encoder_sizes="(6,6)", conductor_sizes="(6,)", decoder_sizes="(6,)")
    settings |= {f"model.{name}": value for name, value in sizes.items()}
    flags = [f"--config.{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "scripts.train", "--config=configs/window_musicvae.py", *flags]


def start_two(arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    by_flags = [*arguments, f"--coordinator={address}", "--process_count=2", "--process_id=0"]
    by_environment = {"JAX_COORDINATOR_ADDRESS": address, "JAX_PROCESS_COUNT": "2", "JAX_PROCESS_ID": "1"}
    environment = ENVIRONMENT | OF_FOUR_DEVICES
    return [
        subprocess.Popen(by_flags, env=environment, **PIPES),
        subprocess.Popen(arguments, env=environment | by_environment, **PIPES),
    ]


def start_two_of_slurm(arguments):
    """The same as srun starts them; JAX takes a port that the job's number settles."""
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    job |= {"SLURM_STEP_NUM_NODES": "2", "SLURM_LOCALID": "0"}
    return [
        subprocess.Popen(
            [*arguments, "--distributed"], env=ENVIRONMENT | OF_FOUR_DEVICES | job | {"SLURM_PROCID": number}, **PIPES
        )
        for number in ("0", "1")
    ]


LATE = """
import argparse, time, jax
from musicvae_jax import sharding
from surrogate.commands import devices, hosts
parser = argparse.ArgumentParser()
hosts.add_flags(parser)
process, _ = hosts.join(parser.parse_args())
devices.check()
sharding.connect()
time.sleep(32 * process)  # as a slow disk or a busy core makes one; JAX waits 30 s for a connection
mesh = sharding.Devices()
rows = jax.device_put({"rows": jax.numpy.arange(8.0)}, mesh.everywhere)["rows"]
shared = mesh.share({"rows": jax.numpy.arange(4.0) + 4 * process})["rows"]
print(float(jax.jit(lambda a, b: (a * b).sum(), out_shardings=mesh.everywhere)(rows, shared)))
"""


def losses(workdir):
    with (workdir / "metrics.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "loss"]
    return [(row["split"], int(row["step"])) for row in rows], [float(row["value"]) for row in rows]


def test_two_processes_killed_and_resumed_train_what_one_trains(tmp_path):
    fields = {"tune": np.arange(32), "source": np.arange(32), "split": np.repeat(np.array([0, 1], np.uint8), 16)}
    shards.write_pack(tmp_path / "pack.npz", [random_tokens(0, 32)], fields)
    killed = start_two(command(tmp_path, "two"))
    while not (tmp_path / "two/checkpoints/2").exists() and all(process.poll() is None for process in killed):
        time.sleep(0.01)
    for process in killed:
        process.kill()
    for process in killed:
        process.communicate()
    assert (tmp_path / "two/checkpoints/2").exists() and not (tmp_path / "two/checkpoints/6").exists()
    resumed = start_two_of_slurm(command(tmp_path, "two"))
    printed = [process.communicate(timeout=300) for process in resumed]
    assert [process.returncode for process in resumed] == [0, 0], printed
    assert "validation loss" in printed[0][0] and "step/s" in printed[0][1]
    assert "validation loss" not in printed[1][0] and "step/s" not in printed[1][1]
    subprocess.run(command(tmp_path, "one"), env=ENVIRONMENT, check=True, capture_output=True)
    one, two = (losses(tmp_path / name) for name in ("one", "two"))
    assert one[0] == two[0] and len(one[0]) == 8
    np.testing.assert_allclose(one[1], two[1], rtol=1e-5)
    notes = [json.loads((tmp_path / name / "model/config.json").read_text())["notes"] for name in ("one", "two")]
    np.testing.assert_allclose(*(note["validation"]["loss"] for note in notes), rtol=1e-5)
    models = [leaves(checkpoint.load(tmp_path / name / "model")) for name in ("one", "two")]
    for a, b in zip(*models, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert (tmp_path / "two/parts/model.tar.000").exists()


def test_a_process_may_be_late():
    late = start_two([sys.executable, "-c", LATE])
    printed = [process.communicate(timeout=120) for process in late]
    assert [process.returncode for process in late] == [0, 0], printed
    assert all(out.endswith("140.0\n") for out, _ in printed)  # the sum of squares of 0 to 7


def test_train_refuses_a_job_of_which_no_cluster_tells(tmp_path):
    arguments = [*command(tmp_path, "run"), "--distributed"]
    ended = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("train: --distributed: no cluster tells of this job")
    both = subprocess.run([*arguments, "--process_id=0"], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert both.returncode == 2 and "leave out --coordinator" in both.stderr


def test_train_refuses_half_a_job_in_one_line(tmp_path):
    environment = ENVIRONMENT | {"JAX_PROCESS_COUNT": "two"}
    ended = subprocess.run(command(tmp_path, "run"), env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "train: JAX_PROCESS_COUNT must be a number, not two\n")

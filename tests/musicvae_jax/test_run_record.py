"""A run goes on as it was begun, or not at all."""

import pytest

from musicvae_jax import run_record
from musicvae_jax.training import TrainingError

SETTINGS = dict(
    learning_rate=0.1, seed=0, batch_size=8, steps=6, transpose=(1, 2), data="ab12", model=dict(width=16, in_c=None),
    task="musicvae",
    workdir="runs/a", save_dtype="bfloat16", log_every=2, evaluate_every=3, evaluate_windows=8, checkpoint_every=2,
)  # fmt: skip


@pytest.fixture
def begun(tmp_path):
    assert run_record.begin(tmp_path / "run", SETTINGS) == 0
    for step in (2, 4):
        (tmp_path / "run" / "checkpoints" / str(step)).mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "6.being-written").mkdir()
    return tmp_path / "run"


def test_it_goes_on_from_the_last_checkpoint_with_what_changes_no_weights(begun):
    free = dict(log_every=1, evaluate_every=1, evaluate_windows=64, checkpoint_every=1, save_dtype="float32")
    assert run_record.begin(begun, SETTINGS | free | dict(workdir="elsewhere")) == 4


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(learning_rate=0.2), "learning_rate=0.1, not 0.2"),
        (dict(seed=1), "seed=0, not 1"),
        (dict(batch_size=16), "batch_size=8, not 16"),
        (dict(steps=12), "steps=6, not 12"),
        (dict(data="cd34"), 'data="ab12", not "cd34"'),
        (dict(transpose=()), r"transpose=\[1, 2\], not \[\]"),
        (dict(model=dict(width=32, in_c=None)), "model.width=16, not 32"),
        (dict(model=dict(in_c=None)), "model.width=16, not nothing"),
    ],
)
def test_what_changes_the_run_is_refused_by_name_and_the_run_stays(begun, change, message):
    before = (begun / run_record.FILE).read_bytes()
    with pytest.raises(TrainingError, match=f"was begun with {message}") as caught:
        run_record.begin(begun, SETTINGS | change)
    assert "\n" not in str(caught.value) and (begun / run_record.FILE).read_bytes() == before


def test_a_run_of_another_task_is_refused_as_such(begun):
    with pytest.raises(TrainingError, match=r"is another task's run \(musicvae, not surrogate\); give another"):
        run_record.begin(begun, SETTINGS | dict(task="surrogate", batch_size=16))


def test_a_run_without_checkpoints_may_begin_otherwise(tmp_path):
    run_record.begin(tmp_path, SETTINGS)
    assert run_record.begin(tmp_path, SETTINGS | dict(seed=1)) == 0
    assert run_record.read(tmp_path)["seed"] == 1


@pytest.mark.parametrize("text, message", [(None, "no run.json that tells"), ("{", "run.json: does not tell of a")])
def test_checkpoints_that_nothing_tells_of_are_refused(begun, text, message):
    (begun / run_record.FILE).unlink() if text is None else (begun / run_record.FILE).write_text(text)
    with pytest.raises(TrainingError, match=message):
        run_record.begin(begun, SETTINGS)

"""Every program of train, encode, decode and accompany: that it lowers for GPUs and TPUs, how long its loops are, and
where its products are exact."""

import functools

import jax
import pytest
from jax import export

from benchmarks import programs
from musicvae_jax import costs
from surrogate.model.bar_codes import CODES

INFERENCE = programs.inference(bars=64, windows=4)
STEPS = programs.training_steps()
HALF = {f"{name} in bfloat16": functools.partial(make, dtype="bfloat16") for name, make in STEPS.items()}
ITERATIONS = {  # on a GPU or TPU, one after the other; on the right what they were before anything ran side by side
    "bilstm": 1024,  # 2048
    "critic": 0,
    "musicvae_small": 32,  # 96
    "transformer": 279,  # 262; two of each bar are of its sources, and small
    "transformer_gpu": 279,  # 262
    "window_musicvae": 128,  # 256
    "window_transformer": 128,  # 200
    "magenta": 1152,  # 2304
    "encode bars": 0,
    "decode bars": 32,
    "decode bars, drawn": 32,
    "score bars": 16,  # 48
    "draw a song": 19,  # of a bar, of which there are as many as the song has
    "hear draws": 0,
    "predict windows": 0,
    "encode windows": 512,  # 1024
    "decode windows": 65,  # all bars together, then at least once those whose guess was wrong
    "score windows": 64,  # 128
}


@functools.cache
def program(name):
    return INFERENCE[name] if name in INFERENCE else (STEPS | HALF)[name]()


def test_every_program_is_counted():
    assert ITERATIONS.keys() == INFERENCE.keys() | STEPS.keys()


@pytest.mark.parametrize("name", ITERATIONS)
def test_it_lowers_for_gpus_and_tpus(name):
    lowered = export.export(program(name).function, platforms=("cuda", "tpu"))(*program(name).arguments)
    assert lowered.platforms == ("cuda", "tpu") and lowered.mlir_module_serialized


@pytest.mark.parametrize("name", ITERATIONS)
def test_iterations_that_wait_for_each_other(name):
    counted = [costs.of(program(name).function, *program(name).arguments, platform=each) for each in ("cuda", "tpu")]
    assert [each.iterations for each in counted] == [ITERATIONS[name]] * 2


@functools.cache
def jaxpr_of(name):
    return jax.make_jaxpr(program(name).function)(*program(name).arguments).jaxpr


def equations_of(name, platform):
    return list(costs.equations(jaxpr_of(name), platform=platform))


def products_of(name, platform):
    """Dtypes and precision of each product."""
    each = [each for each in equations_of(name, platform) if each.primitive.name == "dot_general"]
    return [(*(str(operand.aval.dtype) for operand in x.invars), x.params["precision"]) for x in each]


@pytest.mark.parametrize("name", ["encode windows", "decode windows", "score windows", "encode bars", "draw a song"])
def test_float32_products_are_exact(name):
    highest = (jax.lax.Precision.HIGHEST,) * 2
    assert set(products_of(name, "cuda")) == set(products_of(name, "tpu")) == {("float32", "float32", highest)}


@pytest.mark.parametrize("name", ["transformer in bfloat16", "window_musicvae in bfloat16"])
def test_products_of_a_step_in_bfloat16_are_of_bfloat16_forth_and_back(name):
    products = products_of(name, "cuda")
    assert {(left, right) for left, right, _ in products} <= {("bfloat16",) * 2, ("float32",) * 2}  # none is mixed
    assert sum(left == "bfloat16" for left, _, _ in products) >= 30
    assert any(left != right for left, right, _ in products_of(name, "cpu"))  # which gain nothing by it


@pytest.mark.parametrize(
    "name, widths", [("transformer", (192,)), ("musicvae_small", (96,)), ("window_musicvae", (128, 256))]
)
def test_what_a_step_in_bfloat16_keeps_of_each_gate_and_hidden_unit_is_of_bfloat16(name, widths):
    scans = [each for each in equations_of(f"{name} in bfloat16", "cuda") if each.primitive.name == "scan"]
    arrays = [x.aval for scan in scans for x in (*scan.invars, *scan.outvars) if x.aval.ndim > 2]
    arrays = [x for x in arrays if x.shape[-2] not in (1, *widths)]  # no kernels, no biases
    dtypes = {str(x.dtype) for x in arrays if x.shape[-1] in {n * width for n in (3, 4) for width in widths}}
    assert dtypes == {"bfloat16"}


@pytest.mark.parametrize("platform, is_product", [("cuda", True), ("tpu", True), ("cpu", False)])
def test_gradients_of_a_tables_rows_are_products_where_adding_them_one_by_one_would_wait(platform, is_product):
    added = [each for each in equations_of("transformer in bfloat16", platform) if each.primitive.name == "scatter-add"]
    tables = [each for each in added if each.invars[0].aval.ndim == 2 and each.invars[0].aval.shape[0] > CODES]
    assert bool(tables) != is_product

"""What a program costs by its jaxpr: iterations that wait for each other, operations of its products, bytes they move.

XLA's own cost analysis counts the body of a loop once, however often it runs, so loops are counted here.
"""

import math
import typing

import jax
from jax.extend import core


class Costs(typing.NamedTuple):
    """iterations: of loops, one after the other. flops: of matrix products. bytes: that products and gathers move.

    What is done element by element is taken to be fused into the products beside it and costs nothing.
    """

    iterations: int = 0
    flops: int = 0
    bytes: int = 0


def of(function: typing.Callable, *arguments, platform: str = "cuda") -> Costs:
    """Counts what a call of a function costs.

    Args:
        function: of trees of arrays, jitted or not.
        arguments: what it is called with; shapes and dtypes are enough (jax.ShapeDtypeStruct).
        platform: the one whose branch is counted where a program is another for each: "cpu", "cuda", "tpu".
    """
    return of_jaxpr(jax.make_jaxpr(function)(*arguments).jaxpr, platform=platform)


def of_jaxpr(jaxpr, *, platform: str = "cuda") -> Costs:
    """Counts what a jaxpr costs; see of."""
    each = [_of_equation(equation, platform) for equation in jaxpr.eqns]
    return Costs(*map(sum, zip(*each, strict=True))) if each else Costs()


def equations(jaxpr, *, platform: str = "cuda"):
    """Yields every equation of a jaxpr, and of those inside it, that a platform runs."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in _inside(equation, platform):
            yield from equations(inner, platform=platform)


def _of_equation(equation, platform):
    name, inner = equation.primitive.name, [of_jaxpr(each, platform=platform) for each in _inside(equation, platform)]
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        out = equation.outvars[0].aval
        moved = sum(map(_bytes, (*equation.invars, *equation.outvars)))
        return Costs(0, 2 * out.size * math.prod(left[axis] for axis in contracted), moved)
    if name in ("gather", "scatter-add", "scatter"):
        return Costs(0, 0, 2 * _bytes(equation.outvars[0] if name == "gather" else equation.invars[-1]))
    if name == "scan":
        length, (body,) = equation.params["length"], inner
        return Costs(length * max(1, body.iterations), length * body.flops, length * body.bytes)
    if name == "while":  # as often as it must: once
        return Costs(*map(sum, zip((1, 0, 0), *inner, strict=True)))
    if name == "cond":
        return max(inner)
    return Costs(*map(sum, zip(*inner, strict=True))) if inner else Costs()


def _inside(equation, platform):
    """The jaxprs in an equation; of one that is another for each platform that of the given one."""
    if (platforms := equation.params.get("branches_platforms")) is not None:
        each = zip(platforms, equation.params["branches"], strict=True)
        return [next(branch.jaxpr for own, branch in each if own is None or platform in own)]
    leaves = jax.tree.leaves(equation.params, is_leaf=lambda x: isinstance(x, core.Jaxpr | core.ClosedJaxpr))
    return [getattr(x, "jaxpr", x) for x in leaves if isinstance(x, core.Jaxpr | core.ClosedJaxpr)]


def _bytes(variable):
    return variable.aval.size * variable.aval.dtype.itemsize

"""Products of matrices whose operands are float32 or bfloat16, and whose sums are float32; rows of tables.

Float32 means float32, which TPUs and newer GPUs else round to fewer bits. Of bfloat16 the products of the backward pass
are of bfloat16, too, except on CPUs, to which the rounding would bring nothing.
"""

import functools

import jax
import jax.numpy as jnp

_EXACT = jax.lax.Precision.HIGHEST


def einsum(subscripts, x, y):
    """jnp.einsum of two arrays of one dtype, float32 out; each index of one stands in the other or in the result."""
    return (_product if y.dtype == jnp.float32 else _half_product)(subscripts, x, y)


def dot(x, kernel):
    """x @ kernel in the kernel's dtype, float32 out."""
    if kernel.dtype == jnp.float32:  # traced in less time than einsum
        return jnp.dot(x.astype(kernel.dtype), kernel, precision=_EXACT, preferred_element_type=jnp.float32)
    rows = x.astype(kernel.dtype).reshape(-1, x.shape[-1])
    return _half_product("nd,dh->nh", rows, kernel).reshape(*x.shape[:-1], kernel.shape[1])


def dot_columns(kernel_MxN, x_NxB):
    """kernel @ x, like dot, features first: with few columns a CPU multiplies 2 to 3 times as fast that way around."""
    return dot(kernel_MxN, x_NxB.astype(kernel_MxN.dtype))


def _product(subscripts, x, y):
    precision = _EXACT if y.dtype == jnp.float32 else None
    return jnp.einsum(subscripts, x, y, precision=precision, preferred_element_type=jnp.float32)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _half_product(subscripts, x, y):
    return _product(subscripts, x, y)


def _forward(subscripts, x, y):
    return _product(subscripts, x, y), (x, y)


def _backward(subscripts, operands, gradient):
    operand_indices, of_gradient = subscripts.split("->")
    of_x, of_y = operand_indices.split(",")

    def by_automatic_differentiation(x, y, gradient):
        return jax.vjp(functools.partial(_product, subscripts), x, y)[1](gradient)

    def of_one_dtype(x, y, gradient):
        gradient = gradient.astype(x.dtype)
        to_x = _product(f"{of_gradient},{of_y}->{of_x}", gradient, y)
        to_y = _product(f"{of_x},{of_gradient}->{of_y}", x, gradient)
        return to_x.astype(x.dtype), to_y.astype(y.dtype)

    return jax.lax.platform_dependent(*operands, gradient, cpu=by_automatic_differentiation, default=of_one_dtype)


_half_product.defvjp(_forward, _backward)


@jax.custom_vjp
def rows(table_NxD, index):
    """table[index], [..., D]. Its gradient is a product but on CPUs: where an accelerator adds gradients to rows one by
    one, those of a row that is often asked for wait for each other."""
    return table_NxD[index]


def _rows_forward(table_NxD, index):
    return table_NxD[index], (table_NxD, index)


def _rows_backward(operands, gradient):
    table_NxD, index = operands

    def by_adding(table_NxD, index, gradient):
        return jnp.zeros_like(table_NxD).at[index].add(gradient)

    def by_product(table_NxD, index, gradient):
        is_row_MxN = index.reshape(-1)[:, None] == jnp.arange(len(table_NxD))[None]
        gradient_MxD = gradient.reshape(-1, gradient.shape[-1])
        return _product("mn,md->nd", is_row_MxN.astype(gradient.dtype), gradient_MxD).astype(table_NxD.dtype)

    branches = dict(cpu=by_adding, default=by_product)
    return jax.lax.platform_dependent(table_NxD, jnp.asarray(index), gradient, **branches), None


rows.defvjp(_rows_forward, _rows_backward)

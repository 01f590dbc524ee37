"""Autoregressive sampling of a trio from z.

Everything a step touches is features first, columns last (weights [4H, H] times states [H, N]): with few columns a
CPU's matrix product is 2 to 3 times as fast that way around.
"""

import jax
import jax.numpy as jnp
import numpy as np

from musicvae_jax.events import DEPTHS, NO_EVENT, WINDOW_STEPS


def best_redo(batch: int, units: int) -> int:
    """The `redo` of sample that measured fastest (benchmarks.full_size).

    Args:
        batch: windows.
        units: of the decoders' widest layer.
    """
    weights_outgrow_the_cache = units >= 512
    return {1: 8, 2: 16, 4: 16}.get(batch, 0) if weights_outgrow_the_cache else 0


def sample(model, z_BxZ, row_B, key, temperature_3, *, tracks=(0, 1, 2), redo=0):
    """Samples windows.

    The tracks run side by side, each fed its own previous token; LSTM states start afresh every bar, the token is
    carried over the bar line. logits + temperature * Gumbel noise has its maximum where a draw from
    softmax(logits / temperature) falls, and at temperature 0 where the logits have theirs. The noise depends on key,
    row, step and track alone, so a window's sample depends neither on its neighbours in the batch nor on the order in
    which bars are written.

    Args:
        model: a MusicVAE.
        z_BxZ: float32.
        row_B: int, the number of each window's dice.
        key: a random key.
        temperature_3: float32, one a track.
        tracks: the numbers of those that are wanted (P).
        redo: 0 writes bar after bar. Otherwise all bars are written together from a guess of the token before each,
            then those whose guess was wrong, `redo` of a track at a time, until none is: the same samples but for
            rounding.

    Returns:
        uint16 [B, 256, P].
    """
    batch, segments = len(z_BxZ), model.config.segments
    decoders = decoders_of(model, tracks)
    write = _writer(model, decoders, z_BxZ, row_B, key, temperature_3)
    none_PxB = [jnp.repeat(jnp.array(decoder.depths)[:, None], batch, axis=1) for decoder, _ in decoders]
    if redo and segments > 1:
        written = _together(write, none_PxB, segments, redo)
    else:

        def segment(before, number):
            written = write([number * batch + jnp.arange(batch)] * len(before), before)
            return [tokens_TxPxB[-1] for tokens_TxPxB in written], written

        _, written = jax.lax.scan(segment, none_PxB, jnp.arange(segments))
        written = [jnp.moveaxis(tokens_SxTxPxB, 0, 2) for tokens_SxTxPxB in written]
    tokens = [tokens.reshape(WINDOW_STEPS // segments, -1, segments, batch) for tokens in written]
    tokens_BxSxTxP = jnp.concatenate(tokens, axis=1).transpose(3, 2, 0, 1)
    numbers = [number for _, numbers in decoders for number in numbers]
    tokens_BxTxP = tokens_BxSxTxP.reshape(batch, WINDOW_STEPS, -1)[..., [numbers.index(track) for track in tracks]]
    return tokens_BxTxP.astype(jnp.uint16)


def decoders_of(model, tracks):
    """The decoders that write any of the tracks, each with the numbers of its own."""
    decoders, first = [], 0
    for decoder in model.tracks:
        numbers = range(first, first := first + len(decoder.depths))
        if set(numbers) & set(tracks):
            decoders.append((decoder, numbers))
    return decoders


def _together(write, none_PxB, segments, redo):
    """The tokens [T, P, N] of each decoder: all segments from a guess, then the wrong ones until no guess is."""
    batch = none_PxB[0].shape[1]
    columns = segments * batch

    def truth(none_PxB, tokens_TxPxN):  # the tokens before each segment, as they turned out
        return jnp.concatenate([none_PxB, tokens_TxPxN[-1, :, :-batch]], axis=1)

    def wrong(state):
        guesses, tracks = state
        truths = map(truth, none_PxB, tracks)
        return [(x_PxN != y_PxN).any(axis=0) for x_PxN, y_PxN in zip(guesses, truths, strict=True)]

    def again(state):
        guesses, tracks = state
        # The earliest wrong bar follows right ones only, so every pass settles at least that one.
        picks = [jnp.nonzero(wrong_N, size=redo, fill_value=columns)[0] for wrong_N in wrong(state)]
        befores = [truth(*x).at[:, pick].get(mode="clip") for *x, pick in zip(none_PxB, tracks, picks, strict=True)]
        written = write(picks, befores)

        def put(values, news):
            return [x.at[..., pick].set(new, mode="drop") for x, pick, new in zip(values, picks, news, strict=True)]

        return put(guesses, befores), put(tracks, written)

    guesses = [jnp.full((len(none), columns), NO_EVENT).at[:, :batch].set(none) for none in none_PxB]
    tracks = write([jnp.arange(columns)] * len(guesses), guesses)
    return jax.lax.while_loop(lambda state: jnp.stack(wrong(state)).any(), again, (guesses, tracks))[1]


def _writer(model, decoders, z_BxZ, row_B, key, temperature_3):
    """A function that writes segments: each decoder's segment numbers int [M], tokens before them [P, M] -> [T, P, M].

    Segment s of row b has the number s * B + b; numbers past the last stand for any.
    """
    batch, segments = len(z_BxZ), model.config.segments
    steps, columns = WINDOW_STEPS // segments, batch * segments
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(key, row_B)
    segments_NxD = model.segments(z_BxZ).reshape(columns, -1)
    ready = [
        (decoder, numbers, jax.tree.map(jnp.transpose, decoder.begin(segments_NxD)), decoder.step_weights())
        for decoder, numbers in decoders
    ]

    def noise(number, keys_M, first_M):
        """What the temperature adds to a track's logits: Gumbel noise, float32 [T, V, M], of whole segments at once."""

        def one(offset, key, first):
            return jax.random.gumbel(
                jax.random.fold_in(key, len(DEPTHS) * (first + offset) + number), (DEPTHS[number],)
            )

        each_column = jax.vmap(one, (None, 0, 0), out_axes=1)
        with jax.threefry_partitionable(False):  # half the work; no draw here is split over devices
            return temperature_3[number] * jax.vmap(each_column, (0, None, None))(jnp.arange(steps), keys_M, first_M)

    def write_one(decoder, pick_M):
        """What decoder needs to write the segments pick_M: first states, noise of its tracks, a function for a step."""
        track, numbers, begun, weights = decoder
        pick_M = jnp.minimum(pick_M, columns - 1)
        gates_4HxM, states = jax.tree.map(lambda x: x[:, pick_M], begun)

        def step(before_PxM, states, noises):
            logits_VxM, states = track.step(weights, gates_4HxM, before_PxM, states)
            parts = jnp.split(logits_VxM, np.cumsum(track.depths)[:-1])
            return jnp.stack([_largest(x + y) for x, y in zip(parts, noises, strict=True)]), states

        added = [noise(i, keys_B[pick_M % batch], pick_M // batch * steps) for i in numbers]
        return states, added, step

    def write(picks, befores):
        states, noises, writers = zip(*map(write_one, ready, picks), strict=True)

        def step(carry, noises):
            after = [writer(*x) for writer, *x in zip(writers, *carry, noises, strict=True)]
            tokens, states = map(list, zip(*after, strict=True))
            return (tokens, states), tokens

        return jax.lax.scan(step, (list(befores), list(states)), list(noises))[1]

    return write


def _largest(x_VxM):
    """argmax over the first axis, the first of equals; as two plain reductions a quarter of what XLA takes on CPUs."""
    place_VxM = jax.lax.broadcasted_iota(jnp.int32, x_VxM.shape, 0)
    return jnp.where(x_VxM == x_VxM.max(0, keepdims=True), place_VxM, len(x_VxM) - 1).min(0)

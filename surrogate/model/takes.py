"""From p(z | melody) to the bass and drums of several takes, ranked.

Drums are drawn from many latents, and the takes that agree most with all the others come first: the rhythm that most of
what the model thinks possible has in common (minimum Bayes risk, under the F1 of drum hits), if its kicks go with the
bass. The bass comes from a latent refined by the decoder itself, which writes a melody, too, and knows the player's:
one under which it is likely follows its harmony. Where there are marginals (surrogate.model.marginals), their evidence
goes into every token of both.
"""

import concurrent.futures
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.events import BASS, DRUM_PITCHES, DRUMS, FIRST_PITCH, KICK
from musicvae_jax.model import in_batches
from surrogate.model.prior import Prior

STEPS = 6
RATE = 0.15
DRAWS = 8
SPREAD = 0.5
LOCK = 0.5
ALIKE = 0.95
MOST_WINDOWS_A_SONG = 1 << 16
SMALL_BATCH, LARGE_BATCH = 8, 64


class Takes(typing.NamedTuple):
    """Takes of windows that belong to songs, each song's best take first.

    tokens: uint16 [takes, n, 256, 2], bass and drums. z: float32 [takes, n, 2, Z], what they were decoded from.
    ratings: float64 [takes, songs], see the function of that name.
    """

    tokens: np.ndarray
    z: np.ndarray
    ratings: np.ndarray


def likeliest_draws(vae, prior, tokens_nxTx3, count, *, seed=0):
    """Draws latents, and keeps those under which the decoder finds the melodies likeliest.

    Args:
        vae: the MusicVAE.
        prior: p(z | melody) of the windows.
        tokens_nxTx3: windows whose melody counts; their bass and drums do not.
        count: draws a window.
        seed: of the first; the next have the next seeds.

    Returns:
        The likeliest draw, and the first one: float32 [n, Z] each.
    """
    takes = [np.asarray(prior.sample(jax.random.key(seed + i))) for i in range(count)]
    scores = [vae.log_prob(tokens_nxTx3, z)[:, 0] for z in takes]
    return np.stack(takes)[np.argmax(scores, axis=0), np.arange(len(tokens_nxTx3))], takes[0]


def play(vae, prior, lines_nxT, song_n, *, count=1, seed=0, temperature, shift_2xZ=None, evidence=None) -> Takes:
    """Writes bass and drums for windows of melodies.

    Args:
        vae: the MusicVAE.
        prior: p(z | melody) of the windows, arrays of NumPy.
        lines_nxT: uint16 [n, 256], the melodies.
        song_n: int [n], rising from 0, the song each window belongs to.
        count: takes.
        seed: of all draws.
        temperature: of bass and of drums.
        shift_2xZ: what is added to the latents of bass and drums.
        evidence: a function that gives that of the melodies, {track: float32 [n, 256, F]} as MusicVAE.decode takes it;
            it runs while the bass is refined. None: there is none.
    """
    shift_2xZ = np.zeros((2, prior.means.shape[-1]), np.float32) if shift_2xZ is None else shift_2xZ

    def computed_evidence():
        return computing and computing.result()

    def write_bass(z_CxnxZ):
        refined_CxnxZ = refine(vae, prior, lines_nxT, z_CxnxZ) + shift_2xZ[0]
        return refined_CxnxZ, decode(vae, refined_CxnxZ, song_n, BASS, seed, temperature[0], computed_evidence())

    # The first take's bass is that of the likeliest latent, so it need not wait for the drums; together they keep more
    # cores busy, as half of either is work that one core does.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        computing = pool.submit(evidence) if evidence else None
        first = pool.submit(write_bass, prior.mode()[None])
        z_KxnxZ = draws(prior, song_n, max(DRAWS, count), window_size=vae.config.window_size, seed=seed)
        drums_KxnxT = decode(vae, z_KxnxZ + shift_2xZ[1], song_n, DRUMS, seed, temperature[1], computed_evidence())
        refined_CxnxZ, bass_CxnxT = first.result()
    rating_KxS = ratings(bass_CxnxT[0], drums_KxnxT, song_n)
    chosen = [_distinct(drums_KxnxT[:, song_n == song], rating_K, count) for song, rating_K in enumerate(rating_KxS.T)]
    chosen_CxS = np.stack(chosen, axis=1)
    chosen_Cxn, window_n = chosen_CxS[:, song_n], np.arange(len(song_n))
    drums_z_CxnxZ = z_KxnxZ[chosen_Cxn, window_n]
    if count > 1:  # other takes' basses come from what their drums were drawn from
        more = write_bass(drums_z_CxnxZ[1:])
        refined_CxnxZ, bass_CxnxT = map(np.concatenate, zip((refined_CxnxZ, bass_CxnxT), more, strict=True))
    return Takes(
        np.stack([bass_CxnxT, drums_KxnxT[chosen_Cxn, window_n]], -1),
        np.stack([refined_CxnxZ, drums_z_CxnxZ + shift_2xZ[1]], -2),
        np.take_along_axis(rating_KxS, chosen_CxS, 0),
    )


def draws(prior, song_n, count, *, window_size, seed=0):
    """Draws latents around the mode of each window's prior.

    What belongs to a window as a whole strays the same way in all windows of a song. A song's draws do not depend on
    the songs beside it.

    Args:
        prior, song_n, seed: as play takes them.
        count: draws a window.
        window_size: how much of the latent, from its beginning, belongs to the window as a whole.

    Returns:
        float32 [count, n, Z].
    """
    mode_nxZ, noise = np.asarray(prior.mode()), np.zeros((count, *prior.mode().shape), np.float32)
    for song in np.unique(song_n):
        rng, rows = np.random.default_rng(seed), np.flatnonzero(song_n == song)
        noise[:, rows, :window_size] = rng.normal(size=(count, 1, window_size))
        noise[:, rows, window_size:] = rng.normal(size=(count, len(rows), mode_nxZ.shape[1] - window_size))
    std_nxZ = np.asarray(prior.stds)[np.arange(len(mode_nxZ)), np.asarray(prior.logits).argmax(-1)]
    return mode_nxZ + SPREAD * std_nxZ * noise


def ratings(bass_nxT, drums_KxnxT, song_n):
    """What draws of drums are ranked by: how far they agree, and LOCK times the F1 of their kicks and bass onsets.

    Args:
        bass_nxT: the bass they are rated with, uint16 [n, 256].
        drums_KxnxT: the draws, uint16 [K, n, 256].
        song_n: as play takes it.

    Returns:
        float64 [K, songs].
    """
    kick_KxnxT, onset_nxT = (drums_KxnxT & KICK) > 0, bass_nxT >= FIRST_PITCH
    both, kicks, onsets = (
        np.stack([np.bincount(song_n, per_n) for per_n in np.broadcast_to(hits.sum(-1), kick_KxnxT.shape[:2])])
        for hits in (kick_KxnxT & onset_nxT, kick_KxnxT, onset_nxT[None])
    )
    return agreement(drums_KxnxT, song_n) + LOCK * 2 * both / np.maximum(kicks + onsets, 1)


def agreement(drums_KxnxT, song_n):
    """The mean F1 of drum hits of each draw with all the others, song by song.

    Args:
        drums_KxnxT: the draws, uint16 [K, n, 256].
        song_n: as play takes it.

    Returns:
        float64 [K, songs].
    """
    agreed = []
    for song in range(int(song_n.max(initial=-1)) + 1):
        f1_KxK = _pairwise_f1(drums_KxnxT[:, song_n == song])
        agreed.append((f1_KxK.sum(1) - np.diag(f1_KxK)) / max(len(f1_KxK) - 1, 1))
    return np.stack(agreed, 1)


def _pairwise_f1(drums_KxnxT):
    """F1 of drum hits of each draw with each: float32 [K, K]."""
    hits_KxN = (drums_KxnxT[..., None] >> np.arange(len(DRUM_PITCHES)) & 1).astype(np.float32)
    hits_KxN = hits_KxN.reshape(len(drums_KxnxT), -1)
    total_K = hits_KxN.sum(1)
    return 2 * (hits_KxN @ hits_KxN.T) / np.maximum(total_K[:, None] + total_K[None], 1)


def _distinct(drums_KxnxT, rating_K, count):
    """The best rated draws, best first, leaving out those much like one before as long as there are others."""
    f1_KxK = _pairwise_f1(drums_KxnxT)
    order, left = [], list(np.argsort(-rating_K, kind="stable"))
    while len(order) < count:
        unlike = f1_KxK[np.ix_(left, order)].max(1, initial=0) < ALIKE
        order.append(left.pop(int(unlike.argmax())))
    return np.array(order)


def pad_to_compiled_size(*arrays):
    """Repeats the last row of arrays, all of n rows, up to SMALL_BATCH or a multiple of LARGE_BATCH: few shapes."""
    n = len(arrays[0])
    rows = SMALL_BATCH if n <= SMALL_BATCH else -(-n // LARGE_BATCH) * LARGE_BATCH
    return [np.concatenate([x, np.repeat(x[-1:], rows - n, axis=0)]) for x in map(np.asarray, arrays)]


def decode(vae, z_KxnxZ, song_n, track, seed, temperature, evidence=None):
    """Writes one track for each latent; what is drawn for a song does not depend on the songs beside it.

    Args:
        vae: the MusicVAE.
        z_KxnxZ: K latents of each window, float32 [K, n, Z].
        song_n: as play takes it.
        track: BASS or DRUMS.
        seed: of the draws of tokens.
        temperature: of the track.
        evidence: of the windows, as play's gives it; None: there is none.

    Returns:
        Tokens, uint16 [K, n, 256].
    """
    place_n = np.arange(len(song_n)) - np.searchsorted(song_n, song_n)  # windows of a song stand together
    rows_Kxn = np.arange(len(z_KxnxZ))[:, None] * MOST_WINDOWS_A_SONG + place_n
    window_N = np.tile(np.arange(len(song_n)), len(z_KxnxZ))
    z, rows, window = pad_to_compiled_size(z_KxnxZ.reshape(-1, z_KxnxZ.shape[-1]), rows_Kxn.ravel(), window_N)
    options = dict(key=jax.random.key(seed), temperature=temperature, tracks=(track,), batch_size=LARGE_BATCH)

    def write(part):
        part_evidence = {track: evidence[track][window[part]]} if evidence else None
        return vae.decode(z[part], rows=rows[part], evidence=part_evidence, **options)

    half = len(z) // LARGE_BATCH // 2 * LARGE_BATCH
    parts = (slice(half), slice(half, None)) if half else (slice(None),)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # two streams of batches keep more cores busy than one
        tokens = np.concatenate(list(pool.map(write, parts)))
    return tokens[: rows_Kxn.size].reshape(*rows_Kxn.shape, -1)


def refine(vae, prior, lines_nxT, z_CxnxZ):
    """Moves latents uphill on log p(melody | z) + log p(z | melody), by STEPS steps.

    A step goes along the gradient times the prior's variance, so that well-known directions move little.

    Args:
        vae, prior, lines_nxT: as play takes them.
        z_CxnxZ: C latents of each window.

    Returns:
        float32 [C, n, Z].
    """
    lines, *prior_parts = (np.tile(x, (len(z_CxnxZ),) + (1,) * (np.ndim(x) - 1)) for x in (lines_nxT, *prior))
    z = np.asarray(z_CxnxZ, np.float32).reshape(len(lines), -1)
    refined = in_batches(_refine, vae, LARGE_BATCH, *pad_to_compiled_size(lines, z, *prior_parts))
    return refined[: len(lines)].reshape(z_CxnxZ.shape)


@functools.partial(jax.jit, static_argnums=0)
def _refine(graphdef, state, melody_BxT, z_BxZ, logits, means, stds):
    vae, prior = nnx.merge(graphdef, state), Prior(logits, means, stds)
    scale_BxZ = jnp.einsum("bk,bkz->bz", jax.nn.softmax(logits), stds**2)
    tokens_BxTx3 = jnp.stack([melody_BxT] * 3, -1)  # only the melody is read

    def posterior(z_BxZ):
        log_probs_BxTx1, _ = vae.track_log_probs(tokens_BxTx3, z_BxZ, tracks=(0,))
        return log_probs_BxTx1.sum() + prior.log_prob(z_BxZ).sum()

    def step(z_BxZ, _):
        return z_BxZ + RATE * scale_BxZ * jax.grad(posterior)(z_BxZ), None

    return jax.lax.scan(step, z_BxZ, None, length=STEPS)[0]

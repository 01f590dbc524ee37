"""The surrogate encoder of songs: p(chords, latents of drums and bass of all bars | melody of the song, what is known).

An encoder hears the whole melody; a decoder writes bar after bar: two chords, then the codes (musicvae_jax.codebook) of
drums and bass, one after the other by a GRU. In which bars bass and drums play is told. Each part of a bar - chords,
drums, bass - has a source (surrogate.model.sources): it is new, or follows a bar before it, found by attention that
knows how like the melodies are, or is the one after that of the bar before. A part that follows is the same, or keeps
each code with a probability of its own and else draws it as if it were new. Which source it was is summed over in
training, so that what returns in the melody returns in the band without a rule.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import codebook, products
from musicvae_jax.lstm import Dense, Hidden, along_last, gelu, normal
from surrogate.model import sources
from surrogate.model.attention import Layer, distance_rows, dropped, norm, through
from surrogate.model.bar_codes import (
    CHORD_CLASSES,
    CHORDS,
    CHORDS_PER_BAR,
    CODES,
    CODES_OF_PART,
    FIRST_NOTE,
    PARTS,
    BarCodes,
    near_notes,
    places_by_kind,
)
from surrogate.model.song_encoder import SongEncoder
from surrogate.reading.chords import QUALITIES


@dataclasses.dataclass(frozen=True)
class SongSurrogateConfig:
    """Sizes of a SongSurrogate; codes: how many each codebook of its MusicVAE has."""

    codes: int = 512
    width: int = 192
    encoder_layers: int = 4
    decoder_layers: int = 4
    heads: int = 6
    source_width: int = 48

    def __post_init__(self):
        if min(self.codes, self.width, self.heads, self.source_width) < 1 or self.width % (2 * self.heads):
            raise ValueError(f"sizes must be more than 0, and twice the heads must divide width, not {self}")

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes of each kind of code."""
        return CHORD_CLASSES, self.codes, self.codes, self.codes, codebook.FIRST_NOTES


class SongSurrogate(nnx.Module):
    """The surrogate encoder of a BarMusicVAE."""

    def __init__(self, config: SongSurrogateConfig, *, rngs: nnx.Rngs | None):
        self.config = config
        width, sizes = config.width, (config.width, config.heads)

        def table(rows, scale):
            return nnx.Param(normal(rngs, rows, width) * scale)

        self.encoder = SongEncoder(width, config.encoder_layers, config.heads, rngs=rngs)
        self.tables = nnx.List([table(classes, 0.3) for classes in config.classes])
        self.code_places = nnx.Param(1 + 0.5 * normal(rngs, CODES, width))
        self.unknown = table(len(PARTS), 0.1)
        self.known = Dense(len(PARTS) * width, width, rngs=rngs)
        self.chords = Dense(width, CHORDS_PER_BAR * CHORD_CLASSES, rngs=rngs)
        self.bar = nnx.List([layer(width, width, rngs=rngs) for layer in (Hidden, Dense)])
        self.decoder_input = Dense(2 * width, width, rngs=rngs)
        self.layers = nnx.List([Layer(*sizes, rngs=rngs) for _ in range(config.decoder_layers)])
        self.gain = nnx.Param(jnp.ones(width))
        self.codes = BarCodes(width, config.classes, rngs=rngs)
        self.sources = nnx.List([sources.Source(width, config.source_width, rngs=rngs) for _ in PARTS])

    def rows(self, codes_BxSxK):
        """What stands for each code in the table of its kind, [K, B, S, D]."""
        codes_KxBxS, parts = jnp.moveaxis(codes_BxSxK, -1, 0), []
        for places in places_by_kind():
            of_kinds = [products.rows(self.tables[kind][...], codes_KxBxS[own]) for kind, own in places.items()]
            in_turn = jnp.stack(of_kinds, 1)
            parts.append(in_turn.reshape(-1, *in_turn.shape[2:]))
        return jnp.concatenate(parts)

    def parts(self, rows_KxBxSxD, is_there_BxSxP):
        """Each part of bars as a vector, that of unknown where it is not there: three of float32 [B, S, D]."""
        placed_KxBxSxD, parts = rows_KxBxSxD * self.code_places[...][:, None, None], []
        for part, own in enumerate(CODES_OF_PART):
            x = placed_KxBxSxD[own.start : own.stop].sum(0) / np.sqrt(len(own))
            parts.append(jnp.where(is_there_BxSxP[..., part, None], x, along_last(self.unknown[part], x)))
        return parts

    def bars(self, parts_BxSxD):
        """Parts of bars as one vector of each bar, float32 [B, S, D]."""
        return self.bar[1](gelu(self.bar[0](sum(parts_BxSxD) / np.sqrt(len(PARTS)))))

    def encode(self, batch, rows_KxBxSxD, *, dropout=0.0, key=None):
        """What is heard of each bar, the whole song in sight: float32 [B, S, D].

        Args:
            batch: as song_batches makes them.
            rows_KxBxSxD: of its codes.
            dropout, key: as SongEncoder takes them.
        """
        known = jnp.concatenate(self.parts(rows_KxBxSxD, batch["known"]), -1)
        return self.encoder(batch, self.known(known), dropout=dropout, key=key)

    def chord_logits(self, heard_BxSxD):
        """Logits of chords from what the encoder hears alone, float32 [B, S, 2, V]."""
        return self.chords(heard_BxSxD).reshape(*heard_BxSxD.shape[:2], CHORDS_PER_BAR, CHORD_CLASSES)

    def nats(self, batch, rows_KxBxSxD, heard_BxSxD, *, dropout=0.0, key=None):
        """-log p(part of a bar | all before it), float32 [B, S, P]; arguments as encode takes and gives them."""
        keys = [None] * 4 if key is None else jax.random.split(key, 4)
        codes_KxBxS = jnp.moveaxis(batch["codes"], -1, 0)
        bars = codes_KxBxS.shape[2]
        own = self.bars(self.parts(rows_KxBxSxD, batch["remembered"]))
        before = jnp.pad(own[:, :-1], ((0, 0), (1, 0), (0, 0)))
        x = dropped(self.decoder_input(jnp.concatenate([heard_BxSxD, before], -1)), dropout, keys[0])
        so_far = np.tril(np.ones((1, bars, bars), bool)) & batch["is_bar"][:, None, :]
        x = through(self.layers, x, batch["likeness"], so_far, causal=True, dropout=dropout, key=keys[1])
        x = dropped(norm(x, self.gain[...]), dropout, keys[2])
        states = dropped(self.codes.states(rows_KxBxSxD, x), dropout, keys[3])
        near_4xBxSxN = jnp.moveaxis(near_notes(batch["codes"]), -2, 0)
        earlier = so_far & ~np.eye(bars, dtype=bool)[None]
        plays_BxSxP = plays(batch)
        keys, distances, of_parts = jnp.concatenate([heard_BxSxD, own], -1), distance_rows(bars, causal=True), []
        for part, (source, places) in enumerate(zip(self.sources, places_by_kind(), strict=True)):
            playing = earlier & plays_BxSxP[:, None, :, part]
            scores = source(x, source.key(keys), batch["likeness"], distances, playing)
            log_p = self.log_p_of_sources(codes_KxBxS, states, near_4xBxSxN, source.alters(x), places)
            of_parts.append((scores, source.goes_on(x)[..., 0], log_p, playing, plays_BxSxP[..., part]))
        # One scan over bars for all parts.
        return jnp.moveaxis(jax.vmap(sources.nats)(*map(jnp.stack, zip(*of_parts, strict=True))), 0, -1)

    def log_p_of_sources(self, codes_KxBxS, states_KxBxSxD, near_4xBxSxN, alters_BxSx1, places):
        """log p(a part of each bar | it follows each bar; it is new), float32 [B, S, S + 1], given those before it."""
        follows, new, is_same = 0.0, 0.0, True
        for kind, own in places.items():
            near = near_4xBxSxN if kind == FIRST_NOTE else None
            told = states_KxBxSxD[own], kind, np.arange(CODES)[own], near
            logits, anew = jax.vmap(self.codes.logits, (0, None, 0, 0))(*told)
            codes_NxBxS = codes_KxBxS[own]
            drawn = jnp.take_along_axis(logits, codes_NxBxS[..., None], -1)[..., 0] - jax.nn.logsumexp(logits, -1)
            changed = jax.nn.log_sigmoid(anew) + drawn
            kept = jnp.logaddexp(jax.nn.log_sigmoid(-anew), changed)
            same_NxBxSxS = codes_NxBxS[..., :, None] == codes_NxBxS[..., None, :]
            follows += jnp.where(same_NxBxSxS, kept[..., None], changed[..., None]).sum(0)
            new += drawn.sum(0)
            is_same &= same_NxBxSxS.all(0)
        unaltered = jnp.where(is_same, jax.nn.log_sigmoid(-alters_BxSx1), sources.NEVER)
        follows = jnp.logaddexp(unaltered, jax.nn.log_sigmoid(alters_BxSx1) + follows)
        return jnp.concatenate([follows, new[..., None]], -1)


def plays(batch):
    """In which bars each part plays, bool [B, S, P]: chords in all; bass and drums as is told, which is not learnt."""
    bass_and_drums = batch["plays"] > 0
    chords = jnp.ones_like(bass_and_drums[..., :1])
    return jnp.concatenate([chords, bass_and_drums[..., ::-1]], -1)


def _of_roots(log_p_xV):
    """Probabilities of the 12 roots, from logarithms of those of chords."""
    return jnp.exp(log_p_xV[..., 1:]).reshape(*log_p_xV.shape[:-1], len(QUALITIES), 12).sum(-2)


def heard_roots(model: SongSurrogate, batch: dict) -> np.ndarray:
    """What roots the encoder hears in songs, in C, before anything is drawn.

    Args:
        model: the SongSurrogate.
        batch: as song_batches makes them, B songs of S bars.

    Returns:
        Probabilities, float32 [B, S, 2, 12]; what they lack of 1 is silence.
    """
    return np.asarray(_heard_roots(*nnx.split(model), batch))


@functools.partial(jax.jit, static_argnums=0)
def _heard_roots(graphdef, state, batch):
    model = nnx.merge(graphdef, state)
    return _of_roots(jax.nn.log_softmax(model.chord_logits(model.encode(batch, model.rows(batch["codes"]))), -1))


def loss(module: SongSurrogate, batch: dict, key=None, *, chord_weight: float = 0.5, dropout: float = 0.0):
    """Nats a bar of what is not known, and what they are made of.

    Args:
        module: the SongSurrogate.
        batch: as song_batches makes them.
        key: of what is left out.
        chord_weight: of the encoder's own chords, which teach it to hear harmony.
        dropout: the share of what layers read and add that is left out.

    Returns:
        The loss, and metrics: it, nats a bar of chords, drums and bass, those of the encoder's chords a half bar, and
        how often the root is its likeliest, and among its two likeliest.
    """
    of_encoder, of_decoder = (None, None) if key is None else jax.random.split(key)
    rows = module.rows(batch["codes"])
    heard = module.encode(batch, rows, dropout=dropout, key=of_encoder)
    counted = (batch["is_bar"][..., None] & ~batch["known"] & plays(batch)).astype(jnp.float32)
    share = counted / jnp.maximum(counted.sum((0, 1), keepdims=True), 1)
    nats_P = (module.nats(batch, rows, heard, dropout=dropout, key=of_decoder) * share).sum((0, 1))
    chord = batch["codes"][..., :CHORDS_PER_BAR]
    log_p = jax.nn.log_softmax(module.chord_logits(heard), -1)
    half_share = share[..., CHORDS, None] / CHORDS_PER_BAR
    chord_nats = -(jnp.take_along_axis(log_p, chord[..., None], -1)[..., 0] * half_share).sum()
    _, best = jax.lax.top_k(_of_roots(log_p), 2)
    right = (best == ((chord - 1) % 12)[..., None]) & (chord > 0)[..., None]
    of_sounding = half_share * (chord > 0)
    rate = of_sounding / jnp.maximum(of_sounding.sum(), 1e-9)
    value = nats_P.sum() + chord_weight * chord_nats
    metrics = {"loss": value} | {f"{name}_nats": nats for name, nats in zip(PARTS, nats_P, strict=True)}
    return value, metrics | {
        "heard_chord_nats": chord_nats,
        "root": (right[..., 0] * rate).sum(),
        "root_of_two": (right.any(-1) * rate).sum(),
    }

"""Intervals of ratios of sums, by drawing whole tunes with replacement."""

import numpy as np


class Bootstrap:
    """Resamples (R) of the tunes (U) that windows belong to; the same ones for every ratio asked of it.

    tune: int [n]. Windows of a tune resemble each other, so that drawing windows would give too narrow an interval.

    Source: the percentile interval of Efron & Tibshirani 1993, the cluster bootstrap of Field & Welsh 2007.
    """

    def __init__(self, tune, *, resamples=1000, seed=0):
        names, self.tune = np.unique(tune, return_inverse=True)
        self.tunes = len(names)
        shares = np.full(self.tunes, 1 / self.tunes)
        self.counts_RxU = np.random.default_rng(seed).multinomial(self.tunes, shares, resamples).astype(np.float64)

    def ratio(self, numerator, denominator) -> dict[str, float]:
        """The ratio of the sums of two float [n], and the ends of its 95 % interval: value, lo, hi; nan where 0 / 0."""
        sums_Ux2 = np.stack(
            [np.bincount(self.tune, x, minlength=self.tunes) for x in (numerator, denominator)], axis=-1
        )
        drawn_Rx2 = self.counts_RxU @ sums_Ux2
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.divide(*sums_Ux2.sum(0))
            draws = np.divide(*drawn_Rx2.T)
        draws = draws[np.isfinite(draws)]
        lo, hi = np.percentile(draws, (2.5, 97.5)) if len(draws) else (np.nan, np.nan)
        return {"value": float(value), "lo": float(lo), "hi": float(hi)}

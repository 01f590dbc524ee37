"""Intervals of ratios of sums, by drawing whole tunes with replacement."""

import numpy as np


class Bootstrap:
    """Resamples (R) of the tunes (U) that windows belong to; the same ones for every ratio asked of it.

    Windows of a tune resemble each other, so that drawing windows would give too narrow an interval.

    Args:
        tune: int [n], the tune of each window.
        resamples: how many.
        seed: of their draw.

    Source: the percentile interval of Efron & Tibshirani 1993, the cluster bootstrap of Field & Welsh 2007.
    """

    def __init__(self, tune, *, resamples=1000, seed=0):
        names, self.tune = np.unique(tune, return_inverse=True)
        self.tunes = len(names)
        shares = np.full(self.tunes, 1 / self.tunes)
        self.counts_RxU = np.random.default_rng(seed).multinomial(self.tunes, shares, resamples).astype(np.float64)

    def ratio(self, numerator, denominator) -> dict[str, float]:
        """The ratio of sums, with the ends of its 95 % interval.

        Args:
            numerator, denominator: float [n] each.

        Returns:
            {"value", "lo", "hi"}, nan where 0 / 0.
        """
        return _interval(*self._ratios(numerator, denominator))

    def difference(self, one, other) -> dict[str, float]:
        """The same of one ratio less another, each (numerator, denominator): what they share cancels."""
        (one_ratio, one_draws), (other_ratio, other_draws) = self._ratios(*one), self._ratios(*other)
        with np.errstate(invalid="ignore"):
            return _interval(one_ratio - other_ratio, one_draws - other_draws)

    def _ratios(self, numerator, denominator):
        """The ratio, and that of each resample, float64 [R]."""
        sums_Ux2 = np.stack(
            [np.bincount(self.tune, x, minlength=self.tunes) for x in (numerator, denominator)], axis=-1
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.divide(*sums_Ux2.sum(0)), np.divide(*(self.counts_RxU @ sums_Ux2).T)


def _interval(value, draws):
    draws = draws[np.isfinite(draws)]
    lo, hi = np.percentile(draws, (2.5, 97.5)) if len(draws) else (np.nan, np.nan)
    return {"value": float(value), "lo": float(lo), "hi": float(hi)}

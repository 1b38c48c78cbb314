"""placeholder"""
from statistics import NormalDist
import math
import numpy as np
_N = NormalDist()

def _quantile(y, p):
    n = y.shape[-1]
    y = np.sort(y, axis=-1)
    y = np.where(np.isnan(y).any(axis=-1, keepdims=True), np.nan, y)
    jg = p * n + (1 - p)
    bad = np.isnan(jg)
    jg = np.where(bad, 1, jg)
    jp1 = jg // 1
    g = jg % 1
    j = np.clip(jp1 - 1, 0, n - 1).astype(int)
    k = np.clip(jp1, 0, n - 1).astype(int)
    out = (1 - g) * np.take_along_axis(y, j, -1) + g * np.take_along_axis(y, k, -1)
    return np.where(bad, np.nan, out)

def acceleration(groups):
    num = den = 0.0
    for v in groups:
        n = v.shape[-1]
        u = (n - 1) * (v.mean(axis=-1, keepdims=True) - v)
        num = num + (u**3).sum(-1) / n**3
        den = den + (u**2).sum(-1) / n**2
    with np.errstate(all="ignore"):
        return num / den**1.5 / 6

ndtri = np.vectorize(lambda p: -math.inf if p <= 0 else math.inf if p >= 1 else math.nan if p != p else _N.inv_cdf(p), otypes=[float])
ndtr = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)), otypes=[float])


def quantiles(dist, wanted):
    alpha = tail(wanted)
    q = _quantile(dist, np.broadcast_to([alpha, 1 - alpha], (*dist.shape[:-1], 2)))
    return q[..., 0], q[..., 1]

def tail(wanted):
    return (1 - wanted.level) / 2 if wanted.alternative == "two-sided" else 1 - wanted.level

def opened(low, high, wanted):
    if wanted.alternative == "less": low = np.full_like(low, -np.inf)
    if wanted.alternative == "greater": high = np.full_like(high, np.inf)
    return low, high

def interval(dist, estimate, wanted, jackknife):
    method = wanted.method
    alpha = tail(wanted)
    B = dist.shape[-1]
    e = np.asarray(estimate)[..., None]
    z0 = np.full(e.shape[:-1], np.nan); a = z0
    lo = np.full(e.shape[:-1], alpha); hi = 1 - lo
    if method == "bca":
        share = ((dist < e).sum(-1) + (dist <= e).sum(-1)) / (2 * B)
        z0 = ndtri(share); a = acceleration(jackknife)
        za = _N.inv_cdf(alpha)
        with np.errstate(all="ignore"):
            lo = ndtr(z0 + (z0 + za) / (1 - a * (z0 + za)))
            hi = ndtr(z0 + (z0 - za) / (1 - a * (z0 - za)))
    q = _quantile(dist, np.stack([lo, hi], -1))
    low, high = q[..., 0], q[..., 1]
    if method == "basic":
        low, high = 2 * e[..., 0] - high, 2 * e[..., 0] - low
    if method == "normal":
        s = dist.std(axis=-1, ddof=1); b = dist.mean(-1) - e[..., 0]; z = _N.inv_cdf(1 - alpha)
        low, high = e[..., 0] - b - z * s, e[..., 0] - b + z * s
    low, high = opened(low, high, wanted)
    nan = np.full(e.shape[:-1], np.nan)
    return dict(low=low, high=high, z0=z0, acceleration=a, mc_error_low=nan, mc_error_high=nan)

"""Quantiles of the melt fraction: the head that predicts them, their loss and their mean.

A network predicts some quantiles of the melt fraction of a cell. The median minimises the absolute
error; the mean over the quantile function is what sums and extents are made of; the outermost two
bound an interval. The pinball loss of a quantile level q is minimised by that quantile (Koenker and
Bassett 1978, Econometrica 46, 33); its mean over evenly spread levels, doubled, approximates the
continuous ranked probability score (Gneiting and Raftery 2007, JASA 102, 359, section 4.2).
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

LEVELS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
MEDIAN = LEVELS.index(0.5)
START = -2.0  # logit of the lowest quantile before training: most cells of a season are dry


def rising(raw: Tensor) -> Tensor:
    """Quantiles (cell, level) from the output of a head: 0 to 1, not falling with the level.

    The first column is the logit of the lowest quantile, each further one, made positive, the step
    to the next.
    """
    raw = raw.float()
    steps = functional.softplus(raw)  # of all columns: over a part of each row it is not vectorised
    return torch.sigmoid(torch.cat([raw[:, :1] + START, steps[:, 1:]], dim=1).cumsum(dim=1))


def pinball_loss(
    quantiles: Tensor, target: Tensor, valid: Tensor, levels: Sequence[float] = LEVELS
) -> Tensor:
    """Mean over the batch of each image's mean pinball loss over its valid cells, doubled.

    For the median alone that is the mean absolute error. `quantiles` is (cell, level), of the valid
    cells in order; `target` (batch, y, x), `valid` (batch, y, x) bool; an image without a valid
    cell counts 0.
    """
    level = torch.tensor(levels, device=quantiles.device)
    error = target[valid][:, None] - quantiles
    loss = (level * error + functional.relu(-error)).mean(dim=1)
    count = valid.sum(dim=(1, 2))
    share = (1 / count.clamp(min=1)).repeat_interleave(count)
    return 2 * (loss * share).sum() / len(valid)


def weights_of_mean(levels: Sequence[float] = LEVELS) -> NDArray[np.float32]:
    """Weight of each quantile in the mean of the distribution, (level,), summing to 1.

    Each quantile stands for the levels nearer to it than to another, the outermost to 0 and 1.
    """
    between = (np.array(levels[1:]) + np.array(levels[:-1])) / 2
    return np.diff(np.concatenate([[0.0], between, [1.0]])).astype(np.float32)

"""A random forest: the melt fraction of a pixel from the inputs at that pixel.

scikit-learn grows the trees; they are stored and evaluated as plain arrays, so that a stored forest
cannot carry code and does not depend on the version of scikit-learn.

Source: the random forest of MeltwaterBench (2026): a fifth of the valid pixels of every training
image, 200 trees of depth 16.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import ConfigError, FormatError, MissingInputError, cause_of
from daymelt.learn import model_files
from daymelt.learn.channels import Statistics
from daymelt.learn.pixel_pool import Pixels, Pool, pixels_of
from daymelt.learn.samples import SeasonInputs, TrainingSet

BLOCK = 1 << 16  # pixels that descend the trees together: their arrays fit into the cache
DRAWS_AT_ONCE = 60_000_000  # pixels drawn for trees that grow at the same time, some 50 bytes each
Nodes = dict[str, NDArray[Any]]  # of one tree, by the names of `Forest`


@dataclass(frozen=True)
class ForestOptions:
    """Options of growing a forest.

    Parameters
    ----------
    pixel_share : of the valid pixels of every training image, above 0 to 1
    trees, depth : number of trees, largest number of splits between root and leaf
    tree_share : of all these pixels, drawn with replacement for one tree
    min_split, min_leaf : fewest pixels of a node that is split, and of a leaf
    """

    pixel_share: float
    trees: int
    depth: int
    tree_share: float
    min_split: int
    min_leaf: int

    def __post_init__(self) -> None:
        least = {"trees": 1, "depth": 1, "min_split": 2, "min_leaf": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ConfigError(
                    f"random_forest.{name}: found {getattr(self, name)}; expected at least {bound}"
                )
        for name in ("pixel_share", "tree_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(
                    f"random_forest.{name}: found {getattr(self, name)}; expected above 0 and at "
                    "most 1"
                )


@dataclass(frozen=True)
class Forest:
    """Trees as arrays over all nodes, tree by tree, each breadth first: the two children of a node
    are adjacent.

    Parameters
    ----------
    left : (node,) int32, first of the two children, counted within the tree; of a leaf its own
        number
    feature : (node,) uint8, index of the input that is compared with the threshold
    threshold : (node,) float32, values above it go to the second child; infinite at a leaf
    value : (node,) float32, mean of the training pixels in it
    offsets : (tree + 1,) int64, first node of each tree, and their number
    depths : (tree,) uint8, largest number of splits between root and leaf
    """

    left: NDArray[np.int32]
    feature: NDArray[np.uint8]
    threshold: NDArray[np.float32]
    value: NDArray[np.float32]
    offsets: NDArray[np.int64]
    depths: NDArray[np.uint8]

    @property
    def parameters(self) -> int:
        """Fitted numbers: a threshold for each inner node, a value for each leaf."""
        return len(self.left)


@dataclass(frozen=True)
class ForestCard:
    """Card of a stored forest: what is needed to use it, and its origin; see
    `networks.ModelCard`.
    """

    forest: ForestOptions
    channels: tuple[str, ...]
    statistics: Mapping[str, Statistics]
    training: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    checksum: str = ""


def fit(
    training_set: TrainingSet,
    options: ForestOptions,
    seed: int,
    threads: int = 1,
    draws_at_once: int = DRAWS_AT_ONCE,
) -> Forest:
    """Grow a forest; it is a function of the seed, not of the number of threads.

    It is the forest that scikit-learn's RandomForestRegressor grows from the same pixels and seed.
    That one keeps the whole pool, and weights of all of it for every tree; here a tree is given
    only the pixels that were drawn for it, and how often each was drawn. Of all trees that grow at
    the same time at most `draws_at_once` pixels are in memory.

    Raises
    ------
    MissingInputError
        No pixel of any day is valid.
    """
    from sklearn.utils import check_random_state

    pool = Pool(training_set, options.pixel_share, seed, threads)
    if not len(pool):
        raise MissingInputError(
            "random forest: no valid pixel in the training split; widen seasons or change split"
        )
    draws = max(1, int(options.tree_share * len(pool)))
    at_once = max(1, min(threads, draws_at_once // draws))
    seeds = check_random_state(seed).randint(np.iinfo(np.int32).max, size=options.trees).tolist()
    grown: list[Nodes] = []
    for first in range(0, len(seeds), at_once):
        grown += _grow(pool, options, draws, seeds[first : first + at_once])
    return _joined(grown)


def predict(forest: Forest, inputs: NDArray[np.float32], block: int = BLOCK) -> NDArray[np.float32]:
    """Melt fraction (pixel,) of inputs (pixel, channel): the mean of the trees.

    The pixels of a block descend a tree together, one level at a time; those at a leaf stay there.
    """
    melt = np.empty(len(inputs), np.float32)
    for first in range(0, len(inputs), block):
        melt[first : first + block] = _predict_block(forest, inputs[first : first + block])
    return melt


def predict_days(
    forest: Forest, batches: Iterable[SeasonInputs], threads: int = 1, block: int = BLOCK
) -> Iterator[tuple[date, NDArray[np.float32]]]:
    """Day and melt fraction (y, x), NaN over ocean, of every day, in the order given; see
    `inference.predict_days`.

    A day is taken in bands of rows of about `block` pixels, so that memory does not grow with the
    area; bands are shared among the threads.
    """
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        for inputs in batches:
            rows, columns = inputs.frame.shape
            height = max(1, block // columns)
            land = ~inputs.frame.ocean.cpu().numpy()
            for index, day in enumerate(inputs.days):
                melt = np.full((rows, columns), np.nan, np.float32)
                jobs = [
                    pool.submit(
                        partial(_predict_band, forest, inputs, index, land, melt, block=block),
                        slice(row, row + height),
                    )
                    for row in range(0, rows, height)
                ]
                for job in jobs:
                    job.result()
                yield day, melt


def save_forest(folder: Path, forest: Forest, card: ForestCard) -> ForestCard:
    """Write `model.safetensors`, then `model.json`, into `folder`; returns the card with the
    checksum.
    """
    arrays = {array.name: getattr(forest, array.name) for array in fields(Forest)}
    return replace(card, checksum=model_files.write_model(folder, asdict(card), arrays))


def load_forest(folder: Path) -> tuple[Forest, ForestCard]:
    """The forest in `folder` and its card.

    Raises
    ------
    MissingInputError
        One of the two files is absent.
    FormatError
        One cannot be read, or they do not belong together.
    """
    card, arrays = model_files.read_card(folder, _card), model_files.read_arrays(folder)
    try:
        return Forest(**arrays), card
    except TypeError as error:
        raise FormatError(
            f"model {folder / model_files.ARRAYS}: not the arrays of a forest "
            f"({cause_of(error)}); train the model again"
        ) from error


def _card(content: Any) -> ForestCard:
    content["forest"] = ForestOptions(**content["forest"])
    content["channels"] = tuple(content["channels"])
    content["statistics"] = {
        name: Statistics(**values) for name, values in content["statistics"].items()
    }
    return ForestCard(**content)


def _joined(arrays: Sequence[Nodes]) -> Forest:
    """One forest of the nodes of its trees."""
    offsets = np.cumsum([0, *(len(nodes["left"]) for nodes in arrays)])
    joined = {name: np.concatenate([nodes[name] for nodes in arrays]) for name in arrays[0]}
    return Forest(**joined, offsets=offsets.astype(np.int64))


def _grow(pool: Pool, options: ForestOptions, draws: int, seeds: Sequence[int]) -> list[Nodes]:
    """Trees grown at the same time, one thread each, from pixels that are read together."""
    with ThreadPoolExecutor(len(seeds)) as workers:
        drawn = list(workers.map(lambda seed: _bag(len(pool), draws, seed), seeds))
        pixels = pool.read([numbers for numbers, _ in drawn])
        often = [times for _, times in drawn]
        del drawn  # the numbers are not needed while the trees grow
        return list(workers.map(partial(_tree, options), pixels, often, seeds))


def _bag(count: int, draws: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers of the pixels of a tree, increasing, and how often each is drawn; with replacement,
    as RandomForestRegressor draws them from `count` pixels.
    """
    from sklearn.utils import check_random_state

    drawn = check_random_state(seed).randint(0, count, draws)
    drawn.sort()
    first = np.flatnonzero(np.diff(drawn, prepend=-1))
    return drawn[first], np.diff(first, append=draws).astype(np.float64)


def _tree(options: ForestOptions, pixels: Pixels, often: NDArray[np.float64], seed: int) -> Nodes:
    """Nodes of one tree grown by scikit-learn; the limits on pixels of a node count each pixel
    once, however often it was drawn.
    """
    from sklearn.tree import DecisionTreeRegressor

    grown = DecisionTreeRegressor(
        criterion="squared_error",
        max_depth=options.depth,
        min_samples_split=options.min_split,
        min_samples_leaf=options.min_leaf,
        max_features="log2",
        random_state=seed,
    )
    return _arrays(grown.fit(*pixels, sample_weight=often).tree_)


def _arrays(tree: Any) -> Nodes:
    """Nodes of one tree, breadth first."""
    order, place = _breadth_first(tree.children_left, tree.children_right)
    leaf = tree.children_left[order] < 0
    own = np.arange(len(order))
    return {
        "left": np.where(leaf, own, place[tree.children_left[order]]).astype(np.int32),
        "feature": np.where(leaf, 0, tree.feature[order]).astype(np.uint8),
        "threshold": np.where(leaf, np.float32(np.inf), _floor32(tree.threshold[order])),
        "value": tree.value[order, 0, 0].astype(np.float32),
        "depths": np.array([tree.max_depth], np.uint8),
    }


def _breadth_first(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The nodes in breadth-first order, and the place of each node in it."""
    levels = [np.zeros(1, np.int64)]
    while len(inner := levels[-1][left[levels[-1]] >= 0]):
        levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
    order = np.concatenate(levels)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return order, place


def _floor32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each value, so that comparisons of float32 with it are those
    with the value.
    """
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _predict_band(
    forest: Forest,
    inputs: SeasonInputs,
    index: int,
    land: NDArray[np.bool_],
    melt: NDArray[np.float32],
    rows: slice,
    block: int,
) -> None:
    """Fill a band of rows of the melt fraction (y, x) of one day."""
    here = land[rows]
    if here.any():
        fields = inputs.inputs([index], [rows.start], [0], (here.shape[0], here.shape[1]))
        melt[rows][here] = predict(forest, pixels_of(fields)[here.ravel()], block)


def _predict_block(forest: Forest, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    values, count = np.ascontiguousarray(inputs.T).ravel(), len(inputs)
    total = np.zeros(count)
    for tree, depth in enumerate(forest.depths):
        nodes = slice(forest.offsets[tree], forest.offsets[tree + 1])
        total += forest.value[nodes][_leaves(forest, nodes, int(depth), values, count)]
    return total / len(forest.depths)


def _leaves(
    forest: Forest, nodes: slice, depth: int, values: NDArray[np.float32], count: int
) -> NDArray[np.intp]:
    """The leaf of one tree for each pixel; `values` (channel x pixel), flat.

    The innermost loop of a forest: indices have the width that numpy gathers with, and results are
    written in place.
    """
    left, threshold = forest.left[nodes].astype(np.intp), forest.threshold[nodes]
    start = forest.feature[nodes].astype(np.intp) * count
    pixel, node, source = np.arange(count), np.zeros(count, np.intp), np.empty(count, np.intp)
    value, limit, above = (
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.bool_),
    )
    for _ in range(depth):
        np.take(start, node, out=source, mode="clip")
        source += pixel
        np.take(values, source, out=value, mode="clip")
        np.take(threshold, node, out=limit, mode="clip")
        np.greater(value, limit, out=above)
        node = np.take(left, node, mode="clip")
        node += above
    return node

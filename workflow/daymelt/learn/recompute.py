"""Layers that are computed again in the backward pass, so that a large network learns within a
laptop's memory.

A training step keeps what each layer will need for its gradient: 8 crops of 512 x 512 cells and
Xception71 make 14 GiB of it. Here the network is cut into segments of which only the inputs are
kept; the rest of a segment is computed a second time when its gradient is due, for about a third
more time. What is learnt stays the same, on a CPU bit for bit: the second computation is the first
one once more, with the same random numbers, and leaves the running statistics of batch norms alone.

Where to cut is found on a trial without numbers, as large as a step: of segments of different sizes
those that promise the least memory.

Source: Chen et al. (2016), arXiv 1604.06174, "Training Deep Nets with Sublinear Memory Cost".
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

HALVINGS = 7  # of what a segment may hold at most, from all that the network holds
Held = dict[int, int]  # a tensor's memory: its identity to its bytes


@dataclass(frozen=True)
class Cut:
    """How to cut a network.

    Parameters
    ----------
    segments : names of the modules that are computed again
    uncut : what a step holds for the gradients without, bytes
    held : what it holds with, bytes: the inputs of all segments, what lies outside them, and the
    largest segment whole
    """

    segments: tuple[str, ...]
    uncut: int
    held: int


def plan(network: nn.Module, shape: tuple[int, int, int, int]) -> Cut:
    """The cut that promises the least memory for a step on inputs of `shape`, (crop, channel, y,
    x).

    A module is a segment where it holds no more than a bound and lies in no other that does. One
    without parts never is, nor one that changes its inputs or within which somebody listens, since
    both would happen twice. Bounds are halved from all that the network holds.
    """
    trial = _Trial(network, shape)
    cuts = [trial.cut(trial.uncut >> halvings) for halvings in range(1, HALVINGS)]
    return min(cuts, key=lambda cut: cut.held)


def recompute(network: nn.Module, cut: Cut) -> None:
    """Let the segments of a network be computed again in its backward passes, from now on."""
    for name in cut.segments:
        _recompute(network.get_submodule(name))


def _recompute(segment: nn.Module) -> None:
    plain = segment.forward

    def forward(*inputs: Any, **named: Any) -> Any:
        if not (segment.training and torch.is_grad_enabled()):
            return plain(*inputs, **named)
        return checkpoint(
            plain,
            *inputs,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), _same_statistics(segment)),
            **named,
        )

    segment.forward = forward


@contextmanager
def _same_statistics(segment: nn.Module) -> Iterator[None]:
    """Keep batch norms from counting the same crops twice."""
    norms = [module for module in segment.modules() if isinstance(module, _NormBase)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # new statistics weigh nothing
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked -= 1


def _is_watched(module: nn.Module) -> bool:
    """Whether a hook is called from within: encoders of timm take their features so."""
    return any(
        inner._forward_hooks or inner._forward_pre_hooks
        for inner in module.modules()
        if inner is not module
    )


class _Trial:
    """What each module of a network holds for its gradient, seen in a forward pass without
    numbers.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, int, int, int]) -> None:
        self._network = copy.deepcopy(network).to("meta").train()
        self._within: dict[nn.Module, Held] = {}
        self._inputs: dict[nn.Module, Held] = {}
        self._unfit = set(filter(_is_watched, self._network.modules()))
        self._events: list[tuple[tuple[nn.Module, ...], int, int]] = []
        self._kept: list[Any] = []  # memory that is gone may give its identity to another
        self._run(shape)
        self.uncut = sum({memory: size for _, memory, size in self._events}.values())

    def cut(self, bound: int) -> Cut:
        """The segments that hold at most `bound` bytes each."""
        chosen = list(self._segments(self._network, bound))
        names = {module: name for name, module in self._network.named_modules()}
        within = set(chosen)
        kept = {
            memory: size for modules, memory, size in self._events if within.isdisjoint(modules)
        }
        for module in chosen:
            kept |= self._inputs[module]
        largest = max((sum(self._within[module].values()) for module in chosen), default=0)
        return Cut(
            tuple(names[module] for module in chosen), self.uncut, sum(kept.values()) + largest
        )

    def _segments(self, module: nn.Module, bound: int) -> Iterator[nn.Module]:
        parts = list(module.children())
        if not parts:
            return
        if module in self._within and module not in self._unfit:
            composed = any(
                self._within.get(inner) and any(inner.children())
                for inner in module.modules()
                if inner is not module
            )
            if sum(self._within[module].values()) <= bound or not composed:
                yield module
                return
        for part in parts:
            yield from self._segments(part, bound)

    def _run(self, shape: tuple[int, int, int, int]) -> None:
        inside: list[tuple[nn.Module, list[tuple[Tensor, int]]]] = []
        weights = {weight.untyped_storage()._cdata for weight in self._network.parameters()}

        def enter(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            tensors = [
                field
                for argument in inputs
                for field in (argument if isinstance(argument, list | tuple) else [argument])
            ]
            fields = [field for field in tensors if isinstance(field, Tensor)]
            inside.append((module, [(field, field._version) for field in fields]))
            self._inputs.setdefault(module, {}).update(map(self._memory, fields))

        def leave(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            _, fields = inside.pop()
            if any(field._version != version for field, version in fields):
                self._unfit.add(module)  # it changes its inputs

        def hold(field: Tensor) -> Tensor:
            memory, size = self._memory(field)
            if memory not in weights:
                modules = tuple(module for module, _ in inside)
                self._events.append((modules, memory, size))
                for module in modules:
                    self._within.setdefault(module, {})[memory] = size
            return field

        for module in self._network.modules():
            module.register_forward_pre_hook(enter)
            module.register_forward_hook(leave)
        with (
            torch.random.fork_rng([]),
            torch.autograd.graph.saved_tensors_hooks(hold, lambda field: field),
        ):
            self._network(torch.empty(shape, device="meta"))

    def _memory(self, field: Tensor) -> tuple[int, int]:
        """Identity and bytes of the memory that a tensor is a view of."""
        storage = field.untyped_storage()
        self._kept.append(storage)
        return storage._cdata, storage.nbytes()

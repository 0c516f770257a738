"""Gradient checkpointing: stages of a network are computed again in the backward pass, so that a
large network is trained within the memory of a laptop.

A training step keeps what each layer needs for its gradient: 14 GiB for 8 crops of 512 x 512 cells
and Xception71. With checkpointing only the inputs of each stage are kept; the rest of a stage is
computed a second time when its gradient is due, for about a third more time. The trained weights
are the same, on a CPU bit for bit: the second computation draws the same random numbers and leaves
the running statistics of batch norms unchanged.

The stages are fixed by the structure of the network: the blocks of its encoder and decoder.

Source: Chen et al. (2016), arXiv 1604.06174, "Training Deep Nets with Sublinear Memory Cost".
"""

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

PARTS = ("body", "encoder", "model", "decoder")  # names of modules that consist of stages


@dataclass(frozen=True)
class Trial:
    """A training step of a network, tried on the meta device, without values.

    Parameters
    ----------
    kept : what the step keeps for its gradients, bytes
    overwritten : names of the modules whose inputs are overwritten, by themselves or later
    """

    kept: int
    overwritten: frozenset[str]


def try_step(network: nn.Module, shape: tuple[int, int, int, int]) -> Trial:
    """Try the forward pass of a training step on inputs of `shape`, (crop, channel, y, x).

    The network itself, and torch's random state, stay as they are.
    """
    tried = copy.deepcopy(network).to("meta").train()
    weights = {weight.untyped_storage()._cdata for weight in tried.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}  # holds each storage, so that no id is given twice
    entered: list[tuple[str, Tensor, int]] = []

    def keep(field: Tensor) -> Tensor:
        kept[field.untyped_storage()._cdata] = field.untyped_storage()
        return field

    for name, module in tried.named_modules():
        module.register_forward_pre_hook(
            lambda _, inputs, name=name: entered.extend(
                (name, field, field._version) for field in _tensors(inputs)
            )
        )
    with (
        torch.random.fork_rng([]),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda field: field),
    ):
        tried(torch.empty(shape, device="meta"))
    return Trial(
        sum(storage.nbytes() for memory, storage in kept.items() if memory not in weights),
        frozenset(name for name, field, version in entered if field._version != version),
    )


def stages(network: nn.Module, overwritten: Collection[str] = ()) -> list[str]:
    """Names of the modules that are computed again: the blocks of encoder and decoder.

    Containers of blocks are opened, and so is a module that would not give the same a second time:
    one that overwrites its inputs, or one with forward hooks inside, which would be called twice
    (timm's encoders collect their features by hooks). Single layers are kept.
    """
    return list(_stages(network, "", overwritten))


def recompute(network: nn.Module, names: Collection[str]) -> None:
    """Compute the named modules of a network again in its backward passes, from now on."""
    for name in names:
        _recompute(network.get_submodule(name))


def _stages(module: nn.Module, name: str, overwritten: Collection[str]) -> Iterator[str]:
    parts = dict(module.named_children())
    if not parts:
        return
    opened = not name or _consists_of_stages(module, name) or _has_hooks(module)
    if not opened and name not in overwritten:
        yield name
        return
    for part, inner in parts.items():
        yield from _stages(inner, f"{name}.{part}".removeprefix("."), overwritten)


def _consists_of_stages(module: nn.Module, name: str) -> bool:
    """Whether a module is a part of the network or a list of blocks, rather than a block."""
    if isinstance(module, nn.Sequential):
        return all(any(part.children()) for part in module)
    return isinstance(module, nn.ModuleList) or name.rpartition(".")[2] in PARTS


def _has_hooks(module: nn.Module) -> bool:
    """Whether a module within this one has forward hooks."""
    return any(
        inner._forward_hooks or inner._forward_pre_hooks
        for inner in module.modules()
        if inner is not module
    )


def _tensors(inputs: tuple[Any, ...]) -> list[Tensor]:
    """The tensors among the inputs of a module, those in lists too."""
    flat = [
        field
        for argument in inputs
        for field in (argument if isinstance(argument, list | tuple) else [argument])
    ]
    return [field for field in flat if isinstance(field, Tensor)]


def _recompute(stage: nn.Module) -> None:
    plain = stage.forward

    def forward(*inputs: Any, **named: Any) -> Any:
        if not (stage.training and torch.is_grad_enabled()):
            return plain(*inputs, **named)
        return checkpoint(
            plain,
            *inputs,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), _same_statistics(stage)),
            **named,
        )

    stage.forward = forward


@contextmanager
def _same_statistics(stage: nn.Module) -> Iterator[None]:
    """Keep batch norms from counting the same crops twice."""
    norms = [module for module in stage.modules() if isinstance(module, _NormBase)]
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

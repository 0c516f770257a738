import os

import pytest
import torch

from daymelt.core.errors import ConfigError
from daymelt.learn.devices import autocast, choose_device, choose_precision, use_threads

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


def has_cuda(monkeypatch, present, bfloat16=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(present))
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: bfloat16 or including_emulation,
    )


def test_auto_takes_a_cuda_device_if_there_is_one(monkeypatch):
    has_cuda(monkeypatch, False)
    assert choose_device("auto") == choose_device("cpu") == CPU
    has_cuda(monkeypatch, True)
    assert choose_device("auto") == choose_device("cuda") == CUDA
    assert choose_device("cpu") == CPU


def test_a_device_that_is_not_there_or_unknown_is_refused(monkeypatch):
    has_cuda(monkeypatch, False)
    with pytest.raises(ConfigError, match="no CUDA device here; set device to"):
        choose_device("cuda")
    with pytest.raises(ConfigError, match="found 'tpu'; expected auto, cpu or cuda"):
        choose_device("tpu")


def test_auto_is_mixed_only_where_the_hardware_has_it(monkeypatch):
    assert choose_precision("auto", CPU) == "32"
    has_cuda(monkeypatch, True, bfloat16=True)
    assert choose_precision("auto", CUDA) == "bf16-mixed"
    has_cuda(monkeypatch, True, bfloat16=False)  # bfloat16 is emulated there, and slow
    assert choose_precision("auto", CUDA) == "16-mixed"


def test_what_is_asked_for_is_what_is_taken():
    assert [choose_precision(name, CUDA) for name in ("32", "bf16-mixed", "16-mixed")] == [
        "32",
        "bf16-mixed",
        "16-mixed",
    ]
    with pytest.raises(ConfigError, match="16-mixed needs a CUDA device"):
        choose_precision("16-mixed", CPU)
    with pytest.raises(ConfigError, match="found 'fp8'"):
        choose_precision("fp8", CPU)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("32", torch.float32), ("bf16-mixed", torch.bfloat16)]
)
def test_a_product_is_made_in_the_precision_asked_for(precision, dtype):
    with autocast(precision, CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_threads_are_as_many_as_asked_for_but_no_more_than_there_are_cores(monkeypatch):
    taken = []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2})
    for count in (0, 2, 8):
        use_threads(count)
    assert taken == [2, 3]

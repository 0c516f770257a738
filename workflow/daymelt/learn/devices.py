"""Devices and precisions of the networks."""

import torch

from daymelt.core.cores import available_cores
from daymelt.core.errors import ConfigError

PRECISIONS = ("auto", "32", "bf16-mixed", "16-mixed")


def choose_device(name: str, index: int = 0) -> torch.device:
    """The device of the setting `auto`, `cpu` or `cuda`, of several CUDA devices the one of that
    index; ConfigError where it is absent.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device: found {name!r}; expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "device: found cuda, but PyTorch sees no CUDA device here; set device to auto or cpu"
        )
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if index >= torch.cuda.device_count():
        raise ConfigError(
            f"training.devices: found {index + 1} or more; expected at most "
            f"{torch.cuda.device_count()}, the CUDA devices here"
        )
    return torch.device("cuda", index)


def memory_of(device: torch.device) -> int:
    """Memory of a CUDA device, bytes; 0 for a CPU, which has none of its own."""
    if device.type != "cuda":
        return 0
    return int(torch.cuda.get_device_properties(device).total_memory)


def describe_device() -> tuple[str, bool]:
    """PyTorch and the CUDA device in words, and whether there is one."""
    if not torch.cuda.is_available():
        return (
            f"none that PyTorch {torch.__version__} sees (built for CUDA: "
            f"{torch.version.cuda or 'no'})",
            False,
        )
    properties = torch.cuda.get_device_properties(0)
    return (
        f"{properties.name}, {properties.total_memory / 1e9:.0f} GB, PyTorch "
        f"{torch.__version__}, CUDA {torch.version.cuda}",
        True,
    )


def choose_precision(name: str, device: torch.device) -> str:
    """The precision of the setting `auto`, `32`, `bf16-mixed` or `16-mixed` on a device.

    `auto` is bfloat16 where the hardware supports it, half precision on older CUDA devices, and 32
    bits on a CPU, where lower precisions are several times slower.
    """
    if name not in PRECISIONS:
        raise ConfigError(
            f"training.precision: found {name!r}; expected one of {', '.join(PRECISIONS)}"
        )
    if device.type == "cpu" and name == "16-mixed":
        raise ConfigError("training.precision: 16-mixed needs a CUDA device; set it to auto or 32")
    if name != "auto":
        return name
    if device.type != "cuda":
        return "32"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Context manager of torch for a precision."""
    dtype = torch.float16 if precision == "16-mixed" else torch.bfloat16
    return torch.autocast(device.type, dtype, enabled=precision != "32")


def use_threads(count: int) -> None:
    """Set torch's number of threads to `count`, at most the cores available to this process; 0
    leaves it unchanged.
    """
    if count > 0:
        torch.set_num_threads(min(count, available_cores()))

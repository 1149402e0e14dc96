"""Where a net is trained, and with what precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch

from nextchar.errors import BadValueError, SettingsError
from nextchar.models.neural.training.processes import Processes

__all__ = ["device_of", "precision_on"]


def precision_on(device: torch.device) -> Literal["float32", "bf16"]:
    """What auto is on a device: bf16 where the processor has instructions that multiply it, as far as torch can tell.

    Without them it would be slower than float32. On graphics cards it has not been measured: there it is for the user
    to ask for.
    """
    found: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return "bf16" if found.get("avx512_bf16") or found.get("amx_bf16") else "float32"


def device_of(name: str, processes: Processes | None = None) -> torch.device:
    """The device of a name: auto is CUDA where there is one, else the processor.

    Apple's mps is for the user to ask for: for nets as small as these it has not been measured against the processor.

    Args:
        name: auto, cpu, cuda or mps; cuda:1 for the second card.
        processes: those that train; each has a graphics card of its own.

    Raises:
        SettingsError: there is no such device here, or too few for the processes.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadValueError(f"there is no device {name!r}; choose auto, cpu, cuda or mps", argument="device") from None
    if device.type not in ("cpu", "cuda", "mps"):
        raise BadValueError(f"the device {name!r} is not supported; choose auto, cpu, cuda or mps", argument="device")
    there = device.type == "cpu" or (
        torch.cuda.is_available() if device.type == "cuda" else torch.backends.mps.is_available()
    )
    if not there:
        what = "CUDA" if device.type == "cuda" else "Metal (MPS)"
        raise SettingsError(f"the device {name!r} was asked for, but torch finds no {what} here; choose cpu or auto")
    if processes is None or processes.size == 1 or device.type == "cpu":
        return device
    return _own_card(device, processes)


def _own_card(device: torch.device, processes: Processes) -> torch.device:
    """The graphics card of this process."""
    if device.type == "mps" or device.index is not None:
        raise SettingsError(
            f"the device '{device}' is one, and {processes.size} processes are to train; choose auto, cpu or cuda"
        )
    cards = torch.cuda.device_count()
    if processes.local_size > cards:
        raise SettingsError(
            f"{processes.local_size} processes on a machine with {cards} graphics cards are too many: each needs one; "
            "start fewer, or choose cpu"
        )
    torch.cuda.set_device(processes.local_rank)  # also where objects are sent from
    return torch.device("cuda", processes.local_rank)

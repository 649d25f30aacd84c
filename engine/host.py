"""What a device has left to give."""

import os

import torch


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device; on the host, as far as the system tells (all there could be, if it does not)."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo") as file:
            kilobytes = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
        return kilobytes * 1024
    except (OSError, StopIteration, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2

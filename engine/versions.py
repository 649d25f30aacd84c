"""Which versions are in play, read from the installed packages' own records: nothing is imported for it."""

import platform

PACKAGES = ("fastai-tui", "torch", "torchvision", "numpy")


def versions() -> dict[str, str]:
    """Python's and the packages' versions; what is absent is left out."""
    from importlib.metadata import PackageNotFoundError, version  # 10 ms that nobody waits for who only reads runs

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

"""What a benchmark ran on, and where its result is kept."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = (
    "numpy",
    "faiss-cpu",
    "hnswlib",
    "usearch",
    "milvus",
    "pymilvus",
    "torch",
    "torchvision",
    "open-clip-torch",
    "transformers",
    "pillow",
    "rapidocr",
    "onnxruntime",
    "soxr",
    "ray",
)


def describe() -> dict[str, Any]:
    """The processor, its cores and memory, and the versions of what matters for speed."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "versions": {name: _version(name) for name in PACKAGES if _version(name)},
    }


def save(name: str, payload: dict[str, Any]) -> Path:
    """Write ``results/NAME.json``: the machine and the payload, keys in their order."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"benchmark": name, "machine": describe(), **payload}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def load(name: str) -> dict[str, Any]:
    """What `save` wrote under this name."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

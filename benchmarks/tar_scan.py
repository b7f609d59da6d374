"""What a rerun of a build costs for tars: going through their headers, and what that holds.

    python benchmarks/tar_scan.py [--groups 3334] [--runs 7]

Writes a tar of groups of three members (8,000 bytes, a caption, metadata) beside itself in a
temporary folder, scans it so many times, and once more under tracemalloc. The medians of processor
and wall time go to results/tar_scan.json.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tarfile
import tempfile
import time
import tracemalloc
from pathlib import Path

from _machine import save

from anysense.index.building.sources.scan import FileScan

PARTS = {"jpg": 8000, "txt": 60, "json": 500}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=3334)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tar = write_tar(Path(folder) / "00000.tar", arguments.groups)
        FileScan([tar]).run()
        processor, wall = zip(*(timed(tar) for _ in range(arguments.runs)), strict=True)
        held, most = measured(tar)
    members = arguments.groups * len(PARTS)
    payload = {
        "members": members,
        "runs": arguments.runs,
        "processor_seconds": round(statistics.median(processor), 4),
        "wall_seconds": round(statistics.median(wall), 4),
        "bytes_a_member_held": round(held / members),
        "bytes_a_member_at_most": round(most / members),
    }
    print(payload, save("tar_scan", payload))


def write_tar(path: Path, groups: int) -> Path:
    with tarfile.open(path, "w") as tar:
        for number in range(groups):
            for ending, size in PARTS.items():
                info = tarfile.TarInfo(f"{number:09d}.{ending}")
                info.size = size
                tar.addfile(info, io.BytesIO(b"x" * size))
    return path


def timed(tar: Path) -> tuple[float, float]:
    """The seconds of a scan: of the processor, and on the wall."""
    processor, wall = time.process_time(), time.perf_counter()
    FileScan([tar]).run()
    return time.process_time() - processor, time.perf_counter() - wall


def measured(tar: Path) -> tuple[int, int]:
    """The bytes that a scan holds at its end, and at most."""
    tracemalloc.start()
    scan = FileScan([tar]).run()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scan.entries
    return held, most


if __name__ == "__main__":
    main()

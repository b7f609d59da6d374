"""What a build from S3 costs beside one from a folder: requests, seconds and memory.

A real S3 server (SeaweedFS, on loopback) has as many small pictures as a folder. Each step runs in
a process of its own, with the encoder of the tests, which costs next to nothing: what is measured
is all but the model. ``python benchmarks/objects.py [--objects 10000]``
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _machine import save
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

SIDE = 64
PIECE = """
import json, sys, time
sys.path.insert(0, {support!r})
import tiny
tiny.register()
from anysense.index.building.build import build, scan_sources
from anysense.index.building.options import DEFAULT_OPTIONS
from anysense.index.collection import Collection
from anysense.index.objects.addresses import parse_address
from anysense.index.objects.services import storage_of

def memory(name="VmRSS"):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(name))

source, output, step = sys.argv[1:]
if step == "list":  # once before, so that what is imported and connected does not count
    storage, address = storage_of("s3"), parse_address(source)
    next(storage.pages(address))
    before, started = memory(), time.perf_counter()
    count = sum(len(page) for page in storage.pages(address))
    after = memory()
elif step == "scan":
    scan_sources([source + "/0"], DEFAULT_OPTIONS, None)
    before, started = memory(), time.perf_counter()
    scan = scan_sources([source], DEFAULT_OPTIONS, None)
    count, after = len(scan.paths), memory()
else:
    made = Collection.open(output) if Collection.exists(output) else None
    with made or Collection.create(output, ("tiny",)) as collection:
        before, started = memory(), time.perf_counter()
        report = build(collection, [source])
        count, after = report.added + report.unchanged + report.duplicates, memory()
seconds = time.perf_counter() - started
told = dict(count=count, seconds=seconds, grown_mb=after - before, peak_mb=memory("VmHWM"))
print(json.dumps(told))
"""


def picture(number: int) -> bytes:
    file = io.BytesIO()
    colour = (number % 251, number // 251 % 241, 7 * number % 239)
    Image.new("RGB", (SIDE, SIDE), colour).save(file, "PNG")
    return file.getvalue()


def run(source: str, output: Path, step: str, environment: dict[str, str]) -> dict[str, Any]:
    code = PIECE.format(support=str(ROOT / "tests" / "support"))
    command = [sys.executable, "-c", code, source, str(output), step]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout)
    return {key: round(value, 2) for key, value in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    from s3_server import running_s3

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "s3").mkdir()
        with running_s3(folder / "s3") as server:
            media = folder / "media"
            contents = {f"{n // 1000}/{n:06d}.png": picture(n) for n in range(arguments.objects)}
            for key, content in contents.items():
                path = media / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            server.fill("bench", {"ready": b"x"})
            filesystem = server.filesystem()
            with ThreadPoolExecutor(8) as pool:
                list(
                    pool.map(
                        lambda pair: filesystem.call_s3(
                            "put_object", Bucket="bench", Key=f"media/{pair[0]}", Body=pair[1]
                        ),
                        contents.items(),
                    )
                )
            environment = os.environ | server.environment
            results: dict[str, Any] = {"objects": arguments.objects, "steps": {}}
            sources = {"folder": str(media), "s3": "s3://bench/media"}
            for name, source in sources.items():
                for step in ("list", "scan", "build", "unchanged"):
                    if (name, step) == ("folder", "list"):
                        continue
                    output = folder / f"{name}.anysense"
                    before = server.requests()
                    runs = [run(source, output, step, environment)]
                    made = {
                        kind: count - before.get(kind, 0)
                        for kind, count in server.requests().items()
                        if count > before.get(kind, 0)
                    }
                    again = arguments.repeats - 1 if step != "build" else 0
                    runs += [run(source, output, step, environment) for _ in range(again)]
                    told = {
                        key: round(statistics.median(each[key] for each in runs), 2)
                        for key in runs[0]
                    }
                    results["steps"][f"{name}, {step}"] = told | {"requests": made}
                    print(name, step, results["steps"][f"{name}, {step}"], flush=True)
    print(save("objects", results))


if __name__ == "__main__":
    main()

"""How many searches a second the service answers, and how soon, over HTTP.

    python benchmarks/service.py --clients 1,8,64 --seconds 10

A real `anysense serve` over the collection of `anysense demo`, on the same machine as its clients,
which this process is. A client sends its next search as soon as it has the answer to the last, over
one connection. Texts are made of words of the demo's own; pictures and sounds are its files, as
uploads. A client waits as told and asks again where the service says that it is busy; such answers
are counted. `mixed` are clients of all kinds at the same time. Busy cores beside the service, if
asked for, are processes that count. `cpu_ms` is the processor time of the service for one answer,
which other work on the machine disturbs least. The overhead is what one client waits beyond
`Retriever.retrieve` in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import multiprocessing.dummy
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SEED, K = 0, 10
SAMPLE = Path(__file__).resolve().parents[1] / "server" / "sample"
ENDINGS = {"image": (".jpg", ".png", ".webp"), "audio": (".ogg", ".flac", ".wav", ".mp3")}
WORDS = (
    *("waves", "beach", "dog", "cat", "forest", "rain", "street", "market", "music", "guitar"),
    *("thunder", "bird", "train", "mountain", "lake", "fire", "bread", "coffee", "boat", "bridge"),
    *("snow", "desert", "flower", "horse", "clock", "door", "crowd", "engine", "window", "light"),
)
BOUNDARY = "----service-benchmark"


@dataclass
class Load:
    """What the clients of one load saw: seconds of each answer, and how many were refused."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def summary(self, wall: float) -> dict[str, float]:
        milliseconds = np.asarray(self.seconds) * 1e3
        return {
            "rate": round(len(self.seconds) / wall, 1),
            "p50_ms": round(float(np.percentile(milliseconds, 50)), 1),
            "p99_ms": round(float(np.percentile(milliseconds, 99)), 1),
            "answers": len(self.seconds),
            "refused": self.refused,
        }


def texts() -> Iterator[str]:
    """Texts of three to nine words, for ever."""
    chance = random.Random(SEED)
    while True:
        yield " ".join(chance.choices(WORDS, k=chance.randint(3, 9)))


def bodies(kind: str) -> Iterator[tuple[str, bytes]]:
    """Bodies of searches of a kind (text, image or audio), with their content types."""
    if kind == "text":
        for text in texts():
            yield "application/json", json.dumps({"text": text, "k": K}).encode()
    files = sorted(path for path in SAMPLE.rglob("*") if path.suffix in ENDINGS[kind])
    for path in itertools.cycle(files):
        head = (
            f"--{BOUNDARY}\r\n"
            f'content-disposition: form-data; name="{kind}"; filename="{path.name}"\r\n'
            "content-type: application/octet-stream\r\n\r\n"
        )
        yield (
            f"multipart/form-data; boundary={BOUNDARY}",
            head.encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode(),
        )


def request_of(kind: str, body: bytes) -> bytes:
    """A search as bytes on the wire."""
    head = (
        "POST /v1/search HTTP/1.1\r\nhost: localhost\r\n"
        f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer, of which the body is read and dropped."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers


async def client(port: int, requests: Iterator[bytes], until: float, load: Load) -> None:
    """Search one after the other until a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        request = next(requests)
        start = time.perf_counter()
        writer.write(request)
        status, headers = await answer(reader)
        if status == 429:
            load.refused += 1
            await asyncio.sleep(float(headers["retry-after"]))
            continue
        if status != 200:
            raise RuntimeError(f"the service answered {status}")
        load.seconds.append(time.perf_counter() - start)
    writer.close()


async def run_mixed(port: int, clients: Mapping[str, int], seconds: float) -> dict[str, Any]:
    """The rates and the times of so many clients of each kind, all of them at once."""
    figures = await asyncio.gather(*(run(port, *load, seconds) for load in clients.items()))
    return dict(zip(clients, figures, strict=True))


async def run(port: int, kind: str, clients: int, seconds: float) -> dict[str, float]:
    """The rate and the times of so many clients at once."""
    requests = (request_of(*body) for body in bodies(kind))
    first = Load()
    await asyncio.gather(  # not counted: connections, and what is set up at the first of them
        *(client(port, requests, time.perf_counter() + 1, first) for _ in range(clients))
    )
    load, start = Load(), time.perf_counter()
    await asyncio.gather(
        *(client(port, requests, start + seconds, load) for _ in range(clients)),
    )
    figures = load.summary(time.perf_counter() - start)
    return {**figures, "all_answers": len(first.seconds) + len(load.seconds)}


def cpu_seconds(process: int) -> float:
    """The processor time of a process up to now."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def count() -> None:
    """Keep a core busy."""
    for _ in itertools.count():
        pass


@contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """So many processes that do nothing but count."""
    processes = [multiprocessing.Process(target=count, daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


@contextmanager
def service(path: Path, options: Sequence[str]) -> Iterator[tuple[int, int]]:
    """`anysense serve` over a collection, when it is ready: its port, and its process."""
    command = [sys.executable, "-m", "anysense", "serve", str(path), "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "http://" in line)
            port = int(line.split("http://")[1].split(":")[1].split()[0].split("/")[0])
            drain = multiprocessing.dummy.Process(target=process.stderr.read)
            drain.start()  # or its log would fill the pipe, and hold it up
            wait_until_ready(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(60)


def wait_until_ready(port: int) -> None:
    while not is_ready(port):
        time.sleep(0.1)


def is_ready(port: int, path: str = "/ready") -> bool:
    """Whether a service answers there that it can do its work."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").close()
    except OSError:
        return False
    return True


def direct(path: Path, searches: int) -> float:
    """The median of `Retriever.retrieve` with texts, in milliseconds, in this process.

    Its threads wait as those of the service do.
    """
    from anysense import Collection, Retriever
    from anysense.embed.processors import set_threads

    set_threads()
    times = []
    with Collection.open(path) as collection:
        retriever = Retriever(collection)
        for text in itertools.islice(texts(), searches):
            start = time.perf_counter()
            retriever.retrieve(text, k=K)
            times.append(time.perf_counter() - start)
    return float(np.median(times[searches // 10 :])) * 1e3


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All loads, one after the other, against one process."""
    results: dict[str, Any] = {}
    with service(path, options.serve) as (port, process):
        for kind in options.kinds.split(","):
            for clients in map(int, options.clients.split(",")):
                before = cpu_seconds(process)
                figures = asyncio.run(run(port, kind, clients, options.seconds))
                spent = cpu_seconds(process) - before
                figures["cpu_ms"] = round(1e3 * spent / figures.pop("all_answers"), 1)
                results.setdefault(kind, {})[str(clients)] = figures
                print(kind, clients, figures, flush=True)
        if options.mixed:
            kinds = (part.split("=") for part in options.mixed.split(","))
            clients = {kind: int(number) for kind, number in kinds}
            results["mixed"] = asyncio.run(run_mixed(port, clients, options.seconds))
            for kind, figures in results["mixed"].items():
                del figures["all_answers"]
                figures["clients"] = clients[kind]
                print("mixed", kind, figures, flush=True)
        if options.busy:
            with busy_cores(options.busy):
                for kind in options.kinds.split(","):
                    figures = asyncio.run(run(port, kind, 1, options.seconds))
                    del figures["all_answers"]
                    results.setdefault("beside_busy_cores", {})[kind] = figures
                    print(kind, f"beside {options.busy} busy", figures, flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", default="1,8,64", help="how many at once, comma-separated")
    parser.add_argument("--kinds", default="text,image,audio", help="of queries, comma-separated")
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument(
        "--mixed", default="text=32,image=8,audio=4", help="clients of kinds at once, or nothing"
    )
    parser.add_argument("--busy", type=int, default=1, help="cores kept busy, for one client more")
    parser.add_argument("--searches", type=int, default=200, help="for the overhead; 0 for none")
    parser.add_argument("--collection", type=Path, help="instead of the demo's")
    parser.add_argument("--name", default="service", help="of the result file")
    parser.add_argument("serve", nargs="*", help="after --: options of anysense serve")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.collection or Path(folder) / "demo.anysense"
        if options.collection is None:
            demo = [sys.executable, "-m", "anysense", "demo", "-o", str(path)]
            subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        loads = measure(path, options)
        overhead: dict[str, float] = {}
        if options.searches and "text" in loads and "1" in loads["text"]:
            inside = direct(path, options.searches)
            waited = loads["text"]["1"]["p50_ms"]
            overhead = {"retrieve_p50_ms": round(inside, 2), "service_p50_ms": waited}
            overhead["overhead_ms"] = round(waited - inside, 2)
            print("overhead", overhead)
    _machine.save(
        options.name,
        {
            "seed": SEED,
            "method": " ".join(str(__doc__).split("\n\n")[2].split()),
            "loads": loads,
            "overhead": overhead,
        },
    )


if __name__ == "__main__":
    main()

"""Does the service's memory stay as it is under full load?

    python benchmarks/soak.py --minutes 10

A real `anysense serve` with the starter model, and clients that never rest: searches by text, image
and sound, pages, adds of texts and of files, removals, reads of items and media, refused requests,
and clients that go away. Every second the resident memory that /metrics tells is noted. What grows
from the end of the first quarter, when caches are full, to the last, is what leaks; items that are
added are removed again, so the collection does not grow.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parents[1] / "server" / "sample"
RUN = [sys.executable, "-m", "anysense"]
PHOTOS = [path.read_bytes() for path in sorted((SAMPLES / "photos").glob("*.jpg"))]
SOUNDS = [path.read_bytes() for path in sorted((SAMPLES / "sounds").glob("*.ogg"))]
WORDS = (
    *("waves", "hens", "clock", "rain", "dog", "red", "boat", "night"),
    *("song", "wind", "train", "market", "snow", "river"),
)
RESIDENT = re.compile(r"^process_resident_memory_bytes (\S+)$", re.MULTILINE)
SEED = 11


class Client:
    """One client: does one thing after the other, each by chance."""

    def __init__(self, port: int, number: int, counts: Counter[str]) -> None:
        self.random = random.Random(SEED + number)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
        self.port = port
        self.number = number
        self.counts = counts
        self.added: list[str] = []
        self.made = 0
        self.actions: dict[Callable[[], httpx.Response | None], float] = {
            self.search_text: 10,
            self.search_photo: 3,
            self.search_sound: 1,
            self.add_text: 4,
            self.add_photo: 2,
            self.remove: 6,
            self.list_items: 2,
            self.read_media: 3,
            self.send_nonsense: 2,
            self.go_away: 1,
        }

    def run(self, end: float) -> None:
        """Act until a time."""
        actions, weights = list(self.actions), list(self.actions.values())
        while time.monotonic() < end:
            (action,) = self.random.choices(actions, weights)
            with contextlib.suppress(StopIteration):  # nothing to remove or to read
                answer = action()
                status = "left" if answer is None else str(answer.status_code)
                self.counts[f"{action.__name__} {status}"] += 1

    def text(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, 12)))

    def search_text(self) -> httpx.Response:
        return self.http.post("/v1/search", json={"text": self.text(), "k": 20})

    def search_photo(self) -> httpx.Response:
        return self.http.post("/v1/search", files={"image": self.random.choice(PHOTOS)})

    def search_sound(self) -> httpx.Response:
        return self.http.post("/v1/search", files={"audio": self.random.choice(SOUNDS)})

    def add_text(self) -> httpx.Response:
        body = {"text": self.text(), "id": self.new_id(), "metadata": {"client": self.number}}
        return self.http.post("/v1/items", json=body)

    def add_photo(self) -> httpx.Response:
        # Bytes behind a picture's end make it another file with the same picture.
        content = self.random.choice(PHOTOS) + self.random.randbytes(8)
        files = {"file": ("photo.jpg", content)}
        return self.http.post("/v1/items", files=files, data={"id": self.new_id()})

    def new_id(self) -> str:
        self.made += 1
        self.added.append(f"{self.number}-{self.made}")
        return self.added[-1]

    def remove(self) -> httpx.Response:
        if not self.added:
            raise StopIteration
        name = self.added.pop(self.random.randrange(len(self.added)))
        return self.http.delete(f"/v1/items/{name}")

    def list_items(self) -> httpx.Response:
        return self.http.get("/v1/items", params={"limit": 50})

    def read_media(self) -> httpx.Response:
        if not self.added:
            raise StopIteration
        return self.http.get(f"/v1/items/{self.random.choice(self.added)}/media")

    def send_nonsense(self) -> httpx.Response:
        bodies = (b"{", b'{"text": 1}', b'{"nothing": [1, 2, 3]}', b'{"image": "data:,x"}')
        headers = {"content-type": "application/json"}
        return self.http.post("/v1/search", content=self.random.choice(bodies), headers=headers)

    def go_away(self) -> None:
        """Ask and leave before the answer."""
        with socket.create_connection(("127.0.0.1", self.port)) as raw:
            head = (
                "POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            )
            raw.sendall(f'{head}Content-Length: 16\r\n\r\n{{"text":"a dog"}}'.encode())


def serve(made: str) -> tuple[subprocess.Popen[bytes], int]:
    """A process that serves and is ready, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [*RUN, "serve", made, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        if process.poll() is not None:
            raise SystemExit("The service ended before it was ready; start it by hand to see why.")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200:
                return process, port
        time.sleep(0.1)


def soak(port: int, seconds: float, clients: int) -> dict[str, Any]:
    """Full load for so long; the memory of each second, and how often what was answered how."""
    counts: Counter[str] = Counter()
    end = time.monotonic() + seconds
    workers = [
        threading.Thread(target=Client(port, number, counts).run, args=(end,))
        for number in range(clients)
    ]
    for worker in workers:
        worker.start()
    resident: list[float] = []
    slowest_health = 0.0
    while time.monotonic() < end:
        page = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
        resident_now = RESIDENT.search(page)
        assert resident_now is not None, page
        resident.append(float(resident_now[1]) / 1e6)
        start = time.monotonic()
        httpx.get(f"http://127.0.0.1:{port}/health", timeout=60)
        slowest_health = max(slowest_health, time.monotonic() - start)
        time.sleep(1)
    for worker in workers:
        worker.join()
    return summary(resident, slowest_health, counts, seconds)


def summary(
    resident: list[float], slowest_health: float, counts: Counter[str], seconds: float
) -> dict[str, Any]:
    quarter = len(resident) // 4
    parts = [statistics.median(resident[i * quarter : (i + 1) * quarter]) for i in range(4)]
    return {
        "resident_mb_by_quarter": [round(part, 1) for part in parts],
        "growth_mb_second_to_last_quarter": round(parts[3] - parts[1], 1),
        "resident_mb_peak": round(max(resident), 1),
        "slowest_health_seconds": round(slowest_health, 3),
        "requests_per_second": round(sum(counts.values()) / seconds, 1),
        "requests": dict(sorted(counts.items())),
        "resident_mb": [round(value, 1) for value in resident[:: max(1, len(resident) // 120)]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = str(Path(folder) / "collection")
        folders = [str(SAMPLES / name) for name in ("photos", "sounds", "notes")]
        subprocess.run([*RUN, "build", *folders, "-o", made], check=True, capture_output=True)
        process, port = serve(made)
        try:
            result = soak(port, options.minutes * 60, options.clients)
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
        finally:
            process.kill()
    settings = {"minutes": options.minutes, "clients": options.clients, "seed": SEED}
    _machine.save("soak", {"encoder": "starter", **settings, "exit_status": status, **result})
    print({name: value for name, value in result.items() if name != "resident_mb"})


if __name__ == "__main__":
    main()

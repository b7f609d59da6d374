"""Writes the README's numbers from the committed results: python benchmarks/report.py [--check].

With --check nothing is written, and the exit status is 1 if the README is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(figures: dict[str, Any], target: float) -> str:
    """The time, and the recall where an engine does not reach the target at its utmost."""
    short = f" ({figures['recall']:.0%})" if figures["recall"] < target - 0.015 else ""
    return f"{figures['ms']:.2f} ms{short}"


def search() -> str:
    """Every engine at recall@10 of at least 0.95, one core."""
    result = load("search_latency")
    sizes = result["sizes"]
    engines = list(dict.fromkeys(name for size in sizes.values() for name in size["engines"]))
    rows = []
    for engine in engines:
        row = [engine]
        for size in sizes.values():
            found, target = size["engines"][engine], result["target_recall"]
            row += [cell(found[name], target) for name in ("text_to_image", "image_to_image")]
        rows.append(row)
    head = ["search, one query"]
    for size in sizes:
        head += [f"{int(size):,}: text → image", "image → image"]
    return (
        "Search on one core of a shared machine, CPU time (medians) at the least effort that finds "
        f"{result['target_recall']:.0%} of the true ten nearest, on the same synthetic vectors of "
        "512 numbers with a modality gap; in brackets the recall where it is less.\n\n"
        + table(head, rows)
        + "\n\n"
        + filtered(sizes["100000"]["engines"])
    )


def filtered(engines: dict[str, Any]) -> str:
    rows = []
    for name, figures in engines.items():
        shares = (figures.get("text_to_image") or {}).get("filtered")
        if shares:
            cells = [f"{s['ms']:.1f} ms, {s['recall']:.0%}" for s in shares.values()]
            rows.append([name, *cells])
    head = ["100,000, with a filter", "10 % pass", "1 %", "0.1 %"]
    return "Time and recall with a filter, text → image:\n\n" + table(head, rows)


def lasting(count: float) -> str:
    """Seconds, or minutes where they are many."""
    return f"{count:.2g} s" if count < 99.5 else f"{count / 60:.0f} min"


def collection() -> str:
    rows = [
        [
            f"{size['segments']:,}",
            f"{size['open_warm_s'] + size['first_search_s']:.2f} s",
            f"{size['text_to_image']['p50_ms']:.1f} ms",
            f"{size['image_to_image']['p50_ms']:.1f} ms",
            f"{size['searching_private_bytes'] / 1e6:,.0f} MB",
            f"{size['add_one_ms']:.0f} ms",
            f"{size['delete_one_ms']:.0f} ms",
            lasting(size["publish_s"]),
            f"{size['bytes_per_segment']:.0f} B",
        ]
        for size in load("collection")["results"]
    ]
    head = [
        "segments of 512 numbers",
        "open, first search",
        "text → image",
        "image → image",
        "memory",
        "add one",
        "delete one",
        "first index",
        "on disk, each",
    ]
    return (
        "A collection on both cores, searched one query after the other, of which at least 95% of "
        "the true ten nearest are found. Memory is the searching process's own: vectors are mapped "
        "from the disk, and what is in memory of them is given back when it is wanted. An add or a "
        "delete is on disk when it returns:\n\n" + table(head, rows)
    )


def rebuild() -> str:
    result = load("rebuild")
    seconds = result["results"]["nothing_changed"]["median_seconds"]
    return (
        f"Building again over {result['files']:,} unchanged files takes {seconds:.1f} s and loads "
        "no model. " + cold_start()
    )


def cold_start() -> str:
    results = load("cold_start")["results"]
    seconds = {name: f"{r['cpu_seconds']:.1f} s" for name, r in results.items()}
    return (
        "A search with the starter model from the command line, from the start of the process to "
        f"its end, takes {seconds['text']} of processor time by a text, which is encoded without "
        f"torch; {seconds['image']} by an image and {seconds['sound']} by a sound, most of it for "
        "loading torch and the model. A service or a `Retriever` pays for that once."
    )


def encoding() -> str:
    rows = []
    for row in load("encode_throughput")["results"]:
        wall, cpu = row["ratio"]["wall"], row["ratio"]["cpu"]
        seconds = row["seconds_per_item"]["wall"]
        rows.append(
            [
                row["model"],
                str(row["torch_threads"]),
                f"{1 / seconds[wall['against']]:.1f}/s",
                f"{1 / seconds['from files']:.1f}/s",
                f"{wall['median']:.0%}",
                f"{cpu['median']:.0%}",
            ]
        )
    return (
        "Encoding from files beside the bare model on tensors that are ready, with one of the two "
        "processors for the model, which leaves the other to decoding, and with both (medians over "
        "rounds in turn, and of the rounds' ratios; under 100 % of processor time is what decoding "
        "costs):\n\n"
        + table(
            ["model", "processors", "bare model", "from files", "ratio", "of processor time"], rows
        )
    )


def service() -> str:
    """Answers of the service, by how many clients ask at once, and embeddings beside infinity."""
    rows = []
    results = load("service")["loads"]
    mixed = results.pop("mixed", {})
    for kind, loads in results.items():
        for clients, figures in loads.items():
            if clients.isdecimal():
                rows.append(_searches(f"search by {kind}", clients, figures))
    rows += [_searches(f"all at once: by {kind}", f["clients"], f) for kind, f in mixed.items()]
    for modality, loads in load("service_infinity")["loads"].items():
        for clients, both in loads.items():
            ours, theirs = both["anysense"], both["infinity"]
            cells = [f"{ours[name]:.0f} ms" for name in ("p50_ms", "p99_ms")]
            beside = f"{theirs['rate']:.0f}/s"
            name = f"embed {'texts' if modality == 'text' else 'images'} (ViT-B/32)"
            rows.append([name, clients, f"{ours['rate']:.0f}/s", *cells, beside])
    return (
        "The service over HTTP, with clients that ask again as soon as they are answered, on the "
        "same two processors as theirs: searches of the demo's collection with the starter model, "
        "and embeddings of one input a request beside infinity, with the same weights:\n\n"
        + table(["", "clients", "anysense", "median", "99th percentile", "infinity"], rows)
    )


def _searches(name: str, clients: str | int, figures: dict[str, float]) -> list[str]:
    cells = (f"{figures[name]:.0f} ms" for name in ("p50_ms", "p99_ms"))
    return [name, str(clients), f"{figures['rate']:.0f}/s", *cells, ""]


def page() -> str:
    result = load("page")
    opening, frames, memory = result["opening"], result["scrolling"], result["memory"]
    cold, warm = (
        opening[f"a search, {state}, first hits"]["median_seconds"] for state in ("cold", "warm")
    )
    return (
        f"The page over {result['items']:,} items, in Chromium without a GPU on the same two "
        f"processors: a link to a search shows its first hits {cold:.1f} s after it is opened in a "
        f"new browser, {warm:.1f} s when opened again. While one scrolls, a frame takes "
        f"{frames['median_ms']:.0f} ms (median; 95th percentile {frames['p95_ms']:.0f} ms, "
        f"{frames['over_50_ms']} of {frames['frames']:,} over 50 ms). The tab has "
        f"{memory['opened']['process_mb']:.0f} MB, and {memory['scrolled']['process_mb']:.0f} MB "
        f"after {frames['hits']:,} hits have been scrolled through. Its {result['wire']['files']} "
        f"files are {result['wire']['bytes'] / 1000:.0f} kB over the wire, packed."
        + busy(result["load_before"])
    )


def busy(load: float) -> str:
    """What to say if other work ran beside a measurement."""
    return f" (Measured beside much other work: a load of {load:.0f}.)" if load > 2 else ""


def machine() -> str:
    described = load("search_latency")["machine"]
    versions = described["versions"]
    return (
        f"Measured on {described['cores']} cores of {described['cpu']}, "
        f"Python {described['python']}, faiss {versions['faiss-cpu']}, torch {versions['torch']}. "
        "Scripts, seeds and every figure, those where others are faster too, are in "
        "[benchmarks/](benchmarks/README.md)."
    )


SECTIONS: Sequence[Callable[[], str]] = (
    *(search, collection, rebuild, encoding, service, page),
    machine,
)


def updated(readme: str) -> str:
    """The README with its numbers renewed."""
    numbers = "\n\n".join(section() for section in SECTIONS)
    block = f"{BEGIN}\n{numbers}\n{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}(?:.*?{re.escape(END)})?", re.DOTALL)
    return pattern.sub(lambda _: block, readme, count=1)


def main() -> int:
    before = README.read_text(encoding="utf-8")
    after = updated(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

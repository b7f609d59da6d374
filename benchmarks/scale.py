"""Writes the tables of docs/scale.md from what was measured: python benchmarks/scale.py [--check].

What 100 million and a billion segments need, in bytes, hours, money and milliseconds. Bytes and
times a segment are those of the largest collection in results/collection.json; how many images a
GPU encodes is published by others, and prices are assumptions: both stand in this file, with their
source or their date, and are written into the page. With --check nothing is written, and the exit
status is 1 if the page is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scale.md"
SIZES = {"10 million": 10**7, "100 million": 10**8, "a billion": 10**9}
PRICES_OF = "November 2026"


class Gpu(NamedTuple):
    """How many images a second one GPU encodes, end to end, and what an hour is taken to cost."""

    name: str
    model: str
    images_per_second: int
    dollars_per_hour: float
    source: str


INFERENCE = "https://github.com/rom1504/clip-retrieval"
DISTRIBUTED = f"{INFERENCE}/blob/main/docs/distributed_clip_inference.md"
GPUS = (
    Gpu("RTX 3080", "ViT-B/32", 1500, 0.20, INFERENCE),
    Gpu("A100", "ViT-B/32", 2500, 1.50, DISTRIBUTED),
    Gpu("A100", "ViT-B/16", 1100, 1.50, DISTRIBUTED),
    Gpu("A100", "ViT-L/14", 312, 1.50, DISTRIBUTED),
)
DISK_GB_MONTH, MEMORY_GB_MONTH = 0.10, 3.00  # dollars: network SSD; a share of a machine


def measured() -> dict[str, Any]:
    """The figures of the largest collection."""
    path = ROOT / "benchmarks" / "results" / "collection.json"
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    largest: dict[str, Any] = max(results, key=lambda result: int(result["segments"]))
    return largest


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def gigabytes(count: float) -> str:
    return f"{count / 1e9:,.0f} GB" if count < 1e12 else f"{count / 1e12:,.2g} TB"


def hours(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.0f} h" if seconds < 72 * 3600 else f"{seconds / 86_400:,.0f} days"


def constants() -> str:
    """What was measured, a segment or as it is."""
    size = measured()
    fastest = max(gpu.images_per_second for gpu in GPUS)
    rows = [
        ["index, on disk", f"{size['index_bytes_per_segment']:,.0f} bytes a segment"],
        ["catalog, on disk", f"{catalog_bytes(size):,.0f} bytes a segment"],
        [
            "codes that are scanned, on disk and in memory",
            f"{code_bytes(size):,.0f} bytes a segment",
        ],
        [
            "writing to the catalog",
            f"{size['write_items_per_s']:,} segments a second: what "
            f"{size['write_items_per_s'] / fastest:.0f} GPUs encode at {fastest:,}",
        ],
        ["the first publishing", hours(size["publish_s"])],
        ["opening, with the files in memory", f"{size['open_warm_s']:.1f} s"],
        ["checking the catalog, after an accident", f"{size['check_catalog_s']:.0f} s"],
        ["`anysense verify`", f"{size['verify_s'] / 60:.0f} min"],
        [
            "memory of its own of a process that searches",
            f"{size['searching_private_bytes'] / 1e9:.1f} GB",
        ],
    ]
    if "text_to_image" in size:
        rows += [
            [f"a search, {name}", f"{size[key]['p50_ms']:.1f} ms, recall {size[key]['recall']:.0%}"]
            for name, key in (
                ("text to image", "text_to_image"),
                ("image to image", "image_to_image"),
            )
        ]
    return table([f"{size['segments']:,} segments of {size['dimension']} numbers", ""], rows)


def code_bytes(size: Mapping[str, Any]) -> float:
    """Bytes of the codes of a segment that are scanned first, with its place."""
    return float(size["dimension"] / 4 + 8)  # 4 bits for each two numbers, and 8 bytes


def catalog_bytes(size: Mapping[str, Any]) -> float:
    """Bytes of the catalog a segment: what is neither index nor codes."""
    return float(size["bytes_per_segment"] - size["index_bytes_per_segment"] - code_bytes(size))


def room() -> str:
    """Bytes by size, and what they cost a month."""
    size = measured()
    rows = []
    for name, segments in SIZES.items():
        codes = code_bytes(size) * segments
        index = size["index_bytes_per_segment"] * segments + codes
        catalog = catalog_bytes(size) * segments
        most = 2 * index + catalog
        month = most / 1e9 * DISK_GB_MONTH + codes / 1e9 * MEMORY_GB_MONTH
        cells = [gigabytes(each) for each in (index, catalog, most, codes)]
        rows.append([name, *cells, f"${month:,.0f}"])
    head = [
        "segments",
        "index and codes",
        "catalog",
        "disk, while publishing",
        "codes in memory",
        "a month",
    ]
    return table(head, rows)


def encoding() -> str:
    """Hours and dollars of encoding on one GPU."""
    rows = []
    for gpu in GPUS:
        cells = []
        for segments in SIZES.values():
            seconds = segments / gpu.images_per_second
            cells += [f"{hours(seconds)}, ${seconds / 3600 * gpu.dollars_per_hour:,.0f}"]
        speed = f"[{gpu.images_per_second:,}/s]({gpu.source})"
        rows.append([f"{gpu.name}, {gpu.model}", speed, f"${gpu.dollars_per_hour:.2f}", *cells])
    return table(["one GPU", "images", "an hour", *SIZES], rows)


def machine_time() -> str:
    """Hours of one machine for what is not encoding, and milliseconds of a search there.

    Lists are 2 roots of n, so finding those of n segments costs n to the power of 1.5; a search
    scans a share of the index that is taken to stay what it is.
    """
    size = measured()
    rows = []
    for name, segments in SIZES.items():
        factor = segments / size["segments"]
        writing = segments / size["write_items_per_s"]
        publishing = size["publish_s"] * factor**1.5
        cells = [hours(writing), hours(publishing)]
        if "text_to_image" in size:
            cells += [
                f"{size[key]['p50_ms'] * factor:,.1f} ms"
                for key in ("text_to_image", "image_to_image")
            ]
        rows.append([name, *cells])
    searches = ["text to image", "image to image"] if "text_to_image" in size else []
    return table(["segments, one machine", "writing", "first index", *searches], rows)


SECTIONS: Mapping[str, Callable[[], str]] = {
    "constants": constants,
    "room": room,
    "encoding": encoding,
    "machine": machine_time,
    "prices": lambda: (
        f"Prices are assumptions of {PRICES_OF}: ${DISK_GB_MONTH:.2f} for a GB of network SSD and "
        f"${MEMORY_GB_MONTH:.2f} for a GB of memory a month, and the GPUs' below. Change them in "
        "`benchmarks/scale.py` for yours."
    ),
}


def updated(page: str) -> str:
    """The page with its tables renewed."""
    for name, section in SECTIONS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        block = f"{begin}\n{section()}\n{end}"
        page, count = pattern.subn(block.replace("\\", r"\\"), page)
        assert count == 1, name
    return page


def main() -> int:
    before = PAGE.read_text(encoding="utf-8")
    after = updated(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

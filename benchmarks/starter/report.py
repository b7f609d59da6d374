"""Write the tables of docs/starter.md from the committed results.

python benchmarks/starter/report.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/starter.md"
NAMES = {"audio": "sound", "image": "picture"}


def with_interval(values: list[float]) -> str:
    return f"{values[0]:.1f} [{values[1]:.1f}, {values[2]:.1f}]"


def test_table(result: dict[str, Any]) -> str:
    rows = [
        "| R@10, percent | chance | without training | with the head | difference | "
        "as shipped, concept familiar or not |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for modality, name in NAMES.items():
        part = result[modality]
        base = part["methods"]["ConSE, no training"]
        chosen = part["ConSE centred + ridge against no training"]
        shipped = part["as shipped, concepts may be familiar"]
        for direction, title in (
            ("text->media", f"text to {name}"),
            ("media->text", f"{name} to text"),
        ):
            rows.append(
                f"| {title}, {part['concepts']} concepts | {part['chance R@10']} | "
                f"{base[direction]['R@10']} | {with_interval(chosen[direction]['R@10'])} | "
                f"{with_interval(chosen[direction]['difference'])} | {shipped[direction]['R@10']} |"
            )
    across = result["across"]
    for direction in ("image->audio", "audio->image"):
        cell = across[f"{direction} R@10"]
        title = (
            direction.replace("image", "picture").replace("audio", "sound").replace("->", " to ")
        )
        rows.append(
            f"| {title}, {across['concepts']} queries among {cell['gallery']} | {cell['chance']} | "
            f"- | {with_interval(cell['value'])} | - | - |"
        )
    return "\n".join(rows)


def validation_table(result: dict[str, Any]) -> str:
    rows = []
    for modality, name in NAMES.items():
        part = result[modality]
        rows += [
            f"| {name}: {part['concepts']} concepts, chance of R@10 {part['chance R@10']} | "
            f"text to {name} | {name} to text |",
            "| --- | --- | --- |",
        ]
        for method, values in part["methods"].items():
            cells = [" / ".join(str(v) for v in values[d].values()) for d in values]
            rows.append(f"| {method} | {cells[0]} | {cells[1]} |")
        rows.append("")
    return "\n".join(rows).rstrip()


def replaced(page: str, name: str, table: str) -> str:
    """The page with the text between a table's marks replaced."""
    marker = f"<!-- {name}: written by benchmarks/starter/report.py -->\n"
    before, _, rest = page.partition(marker)
    _, end, after = rest.partition("<!-- end -->")
    return f"{before}{marker}\n{table}\n\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if the page is out of date")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    for split, table in (("test", test_table), ("validation", validation_table)):
        result = json.loads((HERE / "results" / f"{split}.json").read_text())
        page = replaced(page, split, table(result))
    if check:
        sys.exit(
            0 if page == PAGE.read_text(encoding="utf-8") else "docs/starter.md is out of date"
        )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

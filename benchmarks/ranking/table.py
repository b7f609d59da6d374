"""Write the tables of docs/ranking.md from benchmarks/results/ranking.json.

python benchmarks/ranking/table.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "starter": "starter",
    "gaps": "with modality gaps",
    "hubs": "with hubs",
    "small": "small galleries",
}


def cell(entry: dict[str, Any], best: bool) -> str:
    low, high = entry["interval"]
    text = f"{entry['mean']:.3f} ({low:.3f}-{high:.3f})"
    return f"**{text}**" if best else text


def methods_table(result: dict[str, Any], key: str) -> str:
    cases = result["cases"]
    lines = ["| method | " + " | ".join(TITLES[name] for name in cases) + " |"]
    lines.append("| --- |" + " --- |" * len(cases))
    for method in cases["starter"]:
        cells = []
        for name in cases:
            best = max(entry[key]["mean"] for entry in cases[name].values())
            entry = cases[name][method][key]
            cells.append(cell(entry, entry["mean"] == best))
        shown = f"**{method}**" if method == result["default"] else method
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def difference_table(result: dict[str, Any]) -> str:
    lines = ["| the default against | measure | starter | with gaps | with hubs | small |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for method in ("raw cosine", "reciprocal-rank fusion", "round-robin"):
        for key, title in (("ndcg", "nDCG@10"), ("balanced", "balanced recall@20")):
            cells = []
            for name in TITLES:
                entry = result["cases"][name][method][key]
                low, high = entry["difference_interval"]
                cells.append(f"{entry['default_better_by']:+.3f} ({low:+.3f} to {high:+.3f})")
            lines.append(f"| {method} | {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def routes_table(result: dict[str, Any]) -> str:
    levels = result["false_positives"]["levels"]
    head = " | ".join(f"at {level}" for level in levels)
    lines = [f"| route | R@10, raw cosine | R@10, calibrated | difference, 95 % | {head} |"]
    lines.append("| --- |" + " --- |" * (3 + len(levels)))
    for route, rates in result["false_positives"]["routes"].items():
        entry = result["single_routes"][route]
        low, high = entry["difference_interval"]
        recalls = f"{entry['raw cosine']:.3f} | {entry['default']:.3f} | {low:+.3f} to {high:+.3f}"
        shown = " | ".join(f"{rate:.2f}" for rate in rates)
        lines.append(f"| {route} | {recalls} | {shown} |")
    return "\n".join(lines)


def threshold_table(result: dict[str, Any]) -> str:
    lines = ["| method | lowest route | highest route | ratio |", "| --- | --- | --- | --- |"]
    for method, entry in result["one_threshold"].items():
        low, high = entry["lowest"], entry["highest"]
        ratio = f"{high / low:.1f}" if low else "-"
        shown = f"**{method}**" if method == result["default"] else method
        lines.append(f"| {shown} | {low:.2%} | {high:.2%} | {ratio} |")
    return "\n".join(lines)


def matches_table(result: dict[str, Any]) -> str:
    lines = ["| query | something relevant is there | nothing is |", "| --- | --- | --- |"]
    for asked, (there, gone) in result["matches"].items():
        lines.append(f"| {asked} | {there:.2f} | {gone:.2f} |")
    return "\n".join(lines)


def main() -> None:
    result = json.loads((ROOT / "benchmarks/results/ranking.json").read_text("utf-8"))
    tables = {
        "ndcg": methods_table(result, "ndcg"),
        "balanced": methods_table(result, "balanced"),
        "differences": difference_table(result),
        "routes": routes_table(result),
        "threshold": threshold_table(result),
        "matches": matches_table(result),
    }
    page = ROOT / "docs/ranking.md"
    text = page.read_text("utf-8")
    for name, table in tables.items():
        block = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _, b=block: b, text, flags=re.S)
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

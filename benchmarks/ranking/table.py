"""Write the tables of docs/ranking.md from the results of this folder's benchmarks.

python benchmarks/ranking/table.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from real_tables import real_tables
from word_tables import word_tables

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "starter": "starter",
    "gaps": "with modality gaps",
    "hubs": "with hubs",
    "small": "small galleries",
    "held-out": "held out",
    "held-out gaps": "held out, with gaps",
}
CEILING = "fitted to the gallery's own labels"  # no method: the answers are not known
OTHER_SCALE = "noisy-or of odds"  # is no -log10 of a share
EVIDENCE = ("Šidák", "harmonic mean", "noisy-or of odds", "another modality agrees, Šidák")
SPACES = ("starter", "gaps", "held-out", "held-out gaps")


def cell(entry: dict[str, Any], best: bool) -> str:
    low, high = entry["interval"]
    text = f"{entry['mean']:.3f} ({low:.3f}-{high:.3f})"
    return f"**{text}**" if best else text


def methods_table(result: dict[str, Any], key: str) -> str:
    cases = result["cases"]
    lines = ["| method | " + " | ".join(TITLES[name] for name in cases) + " |"]
    lines.append("| --- |" + " --- |" * len(cases))
    for method in [*(m for m in cases["starter"] if m != CEILING), CEILING]:
        cells = []
        for name in cases:
            best = max(e[key]["mean"] for m, e in cases[name].items() if m != CEILING)
            entry = cases[name][method][key]
            cells.append(cell(entry, entry["mean"] == best and method != CEILING))
        shown = {result["default"]: f"**{method}**", CEILING: f"*{method}*"}.get(method, method)
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def difference_table(result: dict[str, Any]) -> str:
    lines = ["| the default against | measure | " + " | ".join([*TITLES.values(), "all"]) + " |"]
    lines.append("| --- | --- |" + " --- |" * (len(TITLES) + 1))
    for method in ("raw cosine", "reciprocal-rank fusion", "round-robin"):
        for key, title in (("ndcg", "nDCG@10"), ("balanced", "balanced recall@20")):
            cells = []
            for case in [*(result["cases"][name] for name in TITLES), result["overall"]]:
                entry = case[method][key]
                low, high = entry["difference_interval"]
                cells.append(f"{entry['default_better_by']:+.3f} ({low:+.3f} to {high:+.3f})")
            lines.append(f"| {method} | {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def recall_table(result: dict[str, Any]) -> str:
    spaces = {"starter": "single_routes", "with gaps": "single_routes_with_gaps"}
    lines = [
        "| route | queries | "
        + " | ".join(f"{t}: raw cosine | calibrated | difference" for t in spaces)
        + " |",
        "| --- | --- |" + " --- | --- | --- |" * len(spaces),
    ]
    for route, first in result["single_routes"].items():
        cells = [str(first["queries"])]
        for key in spaces.values():
            entry = result[key][route]
            low, high = entry["difference_interval"]
            cells += [f"{entry['raw cosine']:.3f}", f"{entry['default']:.3f}"]
            cells.append(f"{entry['difference']:+.3f} ({low:+.3f} to {high:+.3f})")
        lines.append(f"| {route} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rates_table(result: dict[str, Any]) -> str:
    first = result["unseen"]["starter"]
    spaces = {TITLES[name]: result["unseen"][name] for name in SPACES}
    spaces["held out, no instruments"] = result["unseen_without_instruments"]
    head = " | ".join(f"{share:.0%}" for share in first["shares"])
    lines = ["| route | " + " | ".join(f"{title}: {head}" for title in spaces) + " |"]
    lines.append("| --- |" + " --- |" * (len(spaces) * len(first["shares"])))
    for route in first["routes"]:
        values = [f"{v:.2f}" for entry in spaces.values() for v in entry["routes"][route]]
        lines.append(f"| {route} | " + " | ".join(values) + " |")
    ratios = []
    for entry in spaces.values():
        for ratio, (low, high) in zip(entry["ratios"], entry["ratio_intervals"], strict=True):
            ratios.append(f"{ratio:.2f} ({low:.2f}-{high:.2f})")
    lines.append("| **highest over lowest** | " + " | ".join(ratios) + " |")
    return "\n".join(lines)


def threshold_table(result: dict[str, Any]) -> str:
    shares = result["unseen"]["starter"]["shares"]
    spaces = ("starter", "held-out")
    head = " | ".join(f"{share:.0%}" for share in shares)
    lines = ["| method | " + " | ".join(f"{TITLES[n]}: {head}" for n in spaces) + " |"]
    lines.append("| --- |" + " --- |" * (len(spaces) * len(shares)))
    for method in result["unseen"]["starter"]["common_threshold_ratios"]:
        ratios = [r for n in spaces for r in result["unseen"][n]["common_threshold_ratios"][method]]
        values = ["> 1000" if r is None or r > 1000 else f"{r:.1f}" for r in ratios]
        shown = f"**{method}**" if method == result["default"] else method
        lines.append(f"| {shown} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def choices_table(result: dict[str, Any]) -> str:
    lines = ["| queries that the tail is fitted to | own share | nDCG@10 | 10% | 3% | 1% |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for row in result["choices"]:
        asked = "the collection's too" if row["asked_by_sample"] else "the background's"
        ratios = " | ".join(f"{ratio:.2f}" for ratio in row["ratios"])
        lines.append(f"| {asked} | {row['own']} | {row['ndcg']:.3f} | {ratios} |")
    return "\n".join(lines)


def centring_table(result: dict[str, Any]) -> str:
    spaces = ("starter", "gaps", "hubs")
    lines = [
        "| share | "
        + " | ".join(f"{TITLES[n]}: nDCG | R@10 | image to audio" for n in spaces)
        + " |"
    ]
    lines.append("| --- |" + " --- |" * (3 * len(spaces)))
    for row in result["centring"]:
        keys = ("ndcg", "recall", "image -> audio")
        values = [f"{row[n][key]:.3f}" for n in spaces for key in keys]
        lines.append(f"| {row['share']} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def matches_table(result: dict[str, Any]) -> str:
    lines = [
        "| query | how many | something relevant is there | nothing is | nor anything of its kind "
        "| AUC, nothing is | AUC, nor its kind |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for asked, entry in result["matches"].items():
        said = [f"{entry['said_to_match'][k]:.2f}" for k in ("there", "concept", "family")]
        areas = [f"{entry['auc'][k]:.2f}" for k in ("concept", "family")]
        lines.append(f"| {asked} | {entry['queries']} | " + " | ".join(said + areas) + " |")
    return "\n".join(lines)


def evidence_table(result: dict[str, Any]) -> str:
    """Ways to score an item of several segments: what they win, and what chance gives them."""
    level = result["shares"].index(0.01)
    lengths = result["segments_by_length"]
    lines = [
        "| score of an item | nDCG@10, development | nDCG@10, held out "
        "| balanced recall@20, held out | worst case | "
        + " | ".join(f"n: {length}" for length in lengths)
        + " |",
        "| --- |" + " --- |" * (4 + len(lengths)),
    ]
    for name in [*result["chosen"].values(), result["nearest"]]:
        first, second = (result["parts"][part][name] for part in ("development", "held-out"))
        worst = min((row["ndcg"]["gain"], c) for c, row in second.items() if c != "all")
        unrelated = result["reached_by_unrelated"][name]["all"]
        rates = [f"{100 * unrelated[length][level]:.1f}" for length in lengths]
        if name.startswith(OTHER_SCALE):
            rates = ["" for _ in rates]
        pairs = ((first, "ndcg"), (second, "ndcg"), (second, "balanced"))
        gains = [gain(part["all"][key]) for part, key in pairs]
        if name == result["default"]:
            shown, gains, place = f"**{name}**", ["0"] * len(gains), ""
        else:
            shown, place = name, f"{worst[0]:+.3f} {worst[1]}"
        lines.append(f"| {shown} | " + " | ".join([*gains, place, *rates]) + " |")
    return "\n".join(lines)


def evidence_cases_table(result: dict[str, Any]) -> str:
    """The gains of some ways in each case, over the held-out queries."""
    ways = [*(result["chosen"][family] for family in EVIDENCE), result["nearest"]]
    rows = result["parts"]["held-out"]
    lines = ["| items | best segment: nDCG@10 | " + " | ".join(ways) + " |"]
    lines.append("| --- | --- |" + " --- |" * len(ways))
    for case, entry in rows[result["default"]].items():
        if case != "all":
            cells = [gain(rows[way][case]["ndcg"]) for way in ways]
            lines.append(f"| {case} | {entry['ndcg']['mean']:.3f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def gain(entry: dict[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['gain']:+.3f} ({low:+.3f} to {high:+.3f})"


def several_table(result: dict[str, Any]) -> str:
    over = ("10%", "3%", "1%")
    lines = [f"| query | asked by | nDCG@10 | first of each | {' | '.join(over)} |"]
    lines.append("| --- | --- |" + " --- |" * 5)
    for name, kinds in result["galleries"].items():
        where = "" if name == "starter" else f", {TITLES[name]}"
        for kind, ways in kinds.items():
            for way, entry in ways.items():
                shown = f"**{way}**" if way == "the best, corrected by their chances" else way
                figures = (f"{entry['ndcg']:.3f}", f"{entry['first_of_each']:.3f}")
                reached = (f"{entry['rates'][level]:.2f}" for level in over)
                lines.append(f"| {kind}{where} | {shown} | {' | '.join((*figures, *reached))} |")
    return "\n".join(lines)


def main() -> None:
    results = ROOT / "benchmarks/results"
    result = json.loads((results / "ranking.json").read_text("utf-8"))
    evidence = json.loads((results / "evidence.json").read_text("utf-8"))
    words = json.loads((results / "words.json").read_text("utf-8"))
    real = json.loads((results / "real.json").read_text("utf-8"))
    curves = json.loads((results / "u_curve.json").read_text("utf-8"))
    several = json.loads((results / "several.json").read_text("utf-8"))
    tables = {
        "several": several_table(several),
        "ndcg": methods_table(result, "ndcg"),
        "balanced": methods_table(result, "balanced"),
        "differences": difference_table(result),
        "recall": recall_table(result),
        "rates": rates_table(result),
        "choices": choices_table(result),
        "centring": centring_table(result),
        "threshold": threshold_table(result),
        "matches": matches_table(result),
        "evidence": evidence_table(evidence),
        "evidence cases": evidence_cases_table(evidence),
        **word_tables(words),
        **real_tables(real, curves),
    }
    page = ROOT / "docs/ranking.md"
    text = page.read_text("utf-8")
    for name, table in tables.items():
        block = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _, b=block: b, text, flags=re.S)
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

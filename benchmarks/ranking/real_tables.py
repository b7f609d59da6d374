"""The tables of docs/ranking.md that come from real.json and u_curve.json."""

from __future__ import annotations

from typing import Any

CEILING = "fitted to the gallery's own labels"


def real_tables(real: dict[str, Any], curves: dict[str, Any]) -> dict[str, str]:
    return {
        "real": methods_table(real),
        "real rates": rates_table(real),
        "real threshold": threshold_table(real),
        "strength": strength_table(real),
        "u-curve": sag_table(curves),
    }


def methods_table(real: dict[str, Any]) -> str:
    cases = real["cases"]
    heads = [f"{name}: {title}" for name in cases for title in ("nDCG@10", "balanced recall@20")]
    lines = ["| method | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    names = list(next(iter(cases.values())))
    for method in [*(m for m in names if m != CEILING), CEILING]:
        cells = []
        for case in cases.values():
            for key in ("ndcg", "balanced"):
                best = max(e[key]["mean"] for m, e in case.items() if m != CEILING)
                entry = case[method][key]
                low, high = entry["interval"]
                text = f"{entry['mean']:.3f} ({low:.3f}-{high:.3f})"
                is_best = entry["mean"] == best and method != CEILING
                cells.append(f"**{text}**" if is_best else text)
        shown = {real["default"]: f"**{method}**", CEILING: f"*{method}*"}.get(method, method)
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rates_table(real: dict[str, Any]) -> str:
    shares = " | ".join(f"{share:.0%}" for share in real["shares"])
    lines = [f"| gallery | route | {shares} | not decorrelated: {shares} |"]
    lines.append("| --- | --- |" + " --- |" * (2 * len(real["shares"])))
    for name, entry in real["rates"].items():
        for route, values in entry["decorrelated"].items():
            cells = [f"{v:.2f}" for v in [*values, *entry["not"][route]]]
            lines.append(f"| {name} | {route} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def threshold_table(real: dict[str, Any]) -> str:
    spaces = real["common_threshold_ratios"]
    shares = " | ".join(f"{share:.0%}" for share in real["shares"])
    lines = ["| method | " + " | ".join(f"{name}: {shares}" for name in spaces) + " |"]
    lines.append("| --- |" + " --- |" * (len(spaces) * len(real["shares"])))
    for method in next(iter(spaces.values())):
        ratios = [ratio for entry in spaces.values() for ratio in entry[method]]
        values = ["> 1000" if r is None or r > 1000 else f"{r:.1f}" for r in ratios]
        shown = f"**{method}**" if method == real["default"] else method
        lines.append(f"| {shown} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def strength_table(real: dict[str, Any]) -> str:
    rows = real["choices"]
    names = list(rows[0]["galleries"])
    heads = [f"{name}: nDCG@10 | at 10% | 1%" for name in names]
    lines = ["| variance that is halved | " + " | ".join(heads) + " |"]
    lines.append("| --- |" + " --- |" * (3 * len(names)))
    for row in rows:
        cells = []
        for name in names:
            entry = row["galleries"][name]
            cells.append(f"{entry['ndcg']:.3f}")
            cells += [f"{entry['lowest'][i]:.2f}-{entry['highest'][i]:.2f}" for i in (0, -1)]
        value = row["strength"]
        shown = "not decorrelated" if value is None else f"{value:g} times the typical one"
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sag_table(curves: dict[str, Any]) -> str:
    galleries = curves["curves"]
    heads = [f"{name}: texts | half | pictures | sag" for name in galleries]
    lines = ["| method | " + " | ".join(heads) + " |", "| --- |" + " --- |" * (4 * len(galleries))]
    places = [curves["shares"].index(share) for share in (0.0, 0.5, 1.0)]
    for method in next(iter(galleries.values())):
        cells = []
        for name, of_methods in galleries.items():
            cells += [f"{of_methods[method][place]:.3f}" for place in places]
            cells.append(f"{curves['sag'][name][method]['below the line']:.3f}")
        shown = {curves["default"]: f"**{method}**", CEILING: f"*{method}*"}.get(method, method)
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)

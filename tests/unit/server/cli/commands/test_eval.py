from __future__ import annotations

import json
from typing import TYPE_CHECKING

from command_line import run

if TYPE_CHECKING:
    from pathlib import Path


def test_eval_tells_what_its_figures_leave_out(built: Path, media: Path) -> None:
    def notes(*relevant: list[str]) -> list[str]:
        lines = [json.dumps({"query": {"text": "red"}, "relevant": names}) for names in relevant]
        (media / "pairs.jsonl").write_text("\n".join(lines))
        result = run("eval", built, "--pairs", media / "pairs.jsonl")
        return [line for line in result.stderr.splitlines() if "left out" in line.lower()]

    assert notes(["red.png"], ["note.txt"]) == []
    assert notes(["red.png", "gone.png"], ["note.txt", "gone.png", "lost"]) == [
        "Left out of the figures: 2 relevant items not in the collection, such as gone.png."
    ]
    assert notes(["red.png"], ["lost"]) == [
        "Left out of the figures: 1 relevant item not in the collection, such as lost.",
        "1 query left out: nothing that is relevant to it is in the collection.",
    ]


def test_captions_ask_in_the_way_that_the_collection_was_built(
    tmp_path: Path, media: Path, built: Path
) -> None:
    (media / "red.txt").write_text("a red square")

    def routes() -> dict[str, int]:
        result = run("eval", built, "--from-captions", media, "--json")
        assert "left out" not in result.stderr.lower()
        payload = json.loads(result.stdout)
        assert (payload["skipped"], payload["missing"]) == (0, [])
        return {f"{r['query']}>{r['items_of']}": r["queries"] for r in payload["routes"]}

    run("build", media, "-o", built)
    assert routes() == {"text>any": 1, "text>image": 1, "text>text": 0}
    run("build", media, "-o", built, "--no-sidecars")
    both = {"image>any": 1, "image>image": 0, "image>text": 1}
    assert routes() == {"text>any": 1, "text>image": 1, "text>text": 0} | both


def test_eval_tells_vectors_words_and_both_apart(built: Path, media: Path) -> None:
    (media / "pairs.jsonl").write_text(
        json.dumps({"query": {"text": "red"}, "relevant": ["note.txt"]})
    )
    result = run("eval", built, "--pairs", media / "pairs.jsonl")
    routes = {line.split("\t")[0] for line in result.stdout.splitlines()}
    ways = {f"text -> any, by {way}" for way in ("both", "vectors", "words")}
    assert ways <= routes
    payload = json.loads(run("eval", built, "--pairs", media / "pairs.jsonl", "--json").stdout)
    assert [entry["match"] for entry in payload["matches"]] == ["both", "vector", "words"]
    assert all(entry["ndcg@10"]["value"] == 1.0 for entry in payload["matches"][2:])

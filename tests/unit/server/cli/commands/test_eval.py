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

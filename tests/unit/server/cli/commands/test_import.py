from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from command_line import hits_of, run, run_json
from ready_vectors import TEXTS, vectors_of, write_shard

if TYPE_CHECKING:
    from pathlib import Path


def test_vectors_are_imported_and_searched(tmp_path: Path, media: Path) -> None:
    np.save(tmp_path / "v.npy", vectors_of([media / "red.png", media / "blue.png"]))
    (tmp_path / "ids.txt").write_text("r\nb\n")
    where = tmp_path / "c"
    command = ["import", "vectors", tmp_path / "v.npy", "--ids", tmp_path / "ids.txt"]
    command += ["--modality", "image", "-o", where]
    assert "--encoder" in run(*command, status=2).stderr
    first = run(*command, "--encoder", "tiny")
    assert "2 items. 2 added" in first.stdout
    assert "Nothing could be encoded again to see that the model is right: name" in first.stderr
    again = run_json(*command)
    assert (again["unchanged"], again["added"], again["items"]) == (2, 0, 2)
    assert hits_of(where)[0]["id"] == "r"
    assert "no such file" not in run("show", where, "r").output
    assert "has tiny" in run(*command, "--encoder", "tiny:text", status=2).stderr


def test_a_refused_import_leaves_no_collection(tmp_path: Path) -> None:
    write_shard(tmp_path / "e", 0, texts=vectors_of(TEXTS)[:, ::-1], caption=TEXTS)
    command = ["import", "clip-retrieval", tmp_path / "e", "-o", tmp_path / "c"]
    refused = run(*command, "--encoder", "tiny", status=2)
    assert "were not made by tiny: to those that it makes of 4 texts anew" in refused.stderr
    assert not (tmp_path / "c").exists()


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    vectors = vectors_of(TEXTS)
    vectors[1] = 0
    said = {"caption": TEXTS, "key": ["a", "b", "c", "a"]}
    write_shard(tmp_path / "e", 0, texts=vectors, **said)
    command = ["import", "clip-retrieval", tmp_path / "e", "-o", tmp_path / "c"]
    told = run(*command, "--encoder", "tiny", status=3)
    assert "2 items. 2 added" in told.stdout
    assert "The model was checked by encoding again 3 texts (cosine 1.000)." in told.stderr
    assert "1 row left out that says the same key" in told.stderr
    assert "text_emb_0.npy:2: its vector is zero or not finite" in told.stderr

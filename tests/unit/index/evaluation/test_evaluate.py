from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from anysense.embed.errors import UsageError
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.evaluation.evaluate import evaluate
from anysense.index.evaluation.pairs import Pair, pairs_from_captions, read_pairs

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Twelve pictures of three colours, each with a caption beside it."""
    folder = tmp_path / "media"
    folder.mkdir()
    for i in range(12):
        name = list(COLOURS)[i % 3]
        shade = tuple(max(0, c - 3 * i) for c in COLOURS[name])
        Image.new("RGB", (16, 16), shade).save(folder / f"{name}-{i}.png")
        (folder / f"{name}-{i}.txt").write_text(f"a {name} square, number {i}")
    return folder


@pytest.fixture
def collection(tmp_path: Path, media: Path) -> Any:
    with Collection.create(tmp_path / "c", ["tiny"]) as created:
        created.add(sorted(media.iterdir()), sidecars=False)
        created.publish()
        yield created


@pytest.fixture
def described(tmp_path: Path, media: Path) -> Any:
    """A collection of the same pictures, of which the captions are part."""
    with Collection.create(tmp_path / "d", ["tiny"]) as created:
        build(created, [media])
        yield created


def caption_pairs(collection: Collection, media: Path) -> list[Pair]:
    return pairs_from_captions(media, collection.folder.files())


def pairs_file(media: Path, *entries: Any) -> Path:
    path = media / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in entries) + "\n\n")
    return path


def by_route(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{route['query']}>{route['items_of']}": route for route in results["routes"]}


def test_ranks_of_what_is_relevant(collection: Collection, media: Path) -> None:
    reds = [f"red-{i}.png" for i in (0, 3, 6, 9)]
    path = pairs_file(
        media,
        {"query": {"text": "red"}, "relevant": reds},
        {"query": {"image": "blue-2.png"}, "relevant": [f"blue-{i}.txt" for i in (2, 5, 8, 11)]},
        {"query": {"text": "green"}, "relevant": ["red-0.png"], "grade": 2},
    )
    results = by_route(evaluate(collection, read_pairs(path)).to_dict())
    assert results["text>image"]["queries"] == 2
    assert results["text>image"]["recall@5"]["value"] == pytest.approx(0.5)  # all, and none
    assert results["text>image"]["recall@5"]["chance"] == pytest.approx(5 / 12)
    assert results["text>image"]["items"] == 12
    assert results["image>text"]["mrr"]["value"] == 1.0
    assert results["image>text"]["ndcg@10"]["value"] > 0.9
    assert results["text>any"]["items"] == 24
    about = {"query", "items_of", "items", "queries"}
    figures = {"recall@1", "recall@5", "recall@10", "mrr", "ndcg@10", "median_rank"}
    of_route = {"route", "false_positives", "index_recall@10"}
    assert set(results["text>any"]) == about | figures
    assert set(results["text>image"]) == about | figures | of_route
    assert set(results["text>text"]) == about | of_route
    assert results["text>image"]["route"] == "native"
    assert results["text>image"]["index_recall@10"] == 1.0


def test_what_is_not_there_is_told(collection: Collection, media: Path) -> None:
    path = pairs_file(
        media,
        {"query": {"text": "red"}, "relevant": ["red-0.png", "nowhere.png"]},
        {"query": {"text": "red"}, "relevant": ["nothing"]},
    )
    evaluation = evaluate(collection, read_pairs(path))
    assert (evaluation.pairs, evaluation.skipped) == (1, 1)
    assert list(evaluation.missing) == ["nowhere.png", "nothing"]
    only = pairs_file(media, {"query": {"text": "red"}, "relevant": ["nothing"]})
    with pytest.raises(UsageError, match="nothing, for one, is neither"):
        evaluate(collection, read_pairs(only))


def test_captions_ask_for_their_pictures_and_pictures_for_their_captions(
    collection: Collection, media: Path
) -> None:
    pairs = caption_pairs(collection, media)
    assert len(pairs) == 24
    results = by_route(evaluate(collection, pairs).to_dict())
    assert results["text>image"]["queries"] == results["image>text"]["queries"] == 12
    # Four of each colour, which the tiny encoder cannot tell apart.
    assert results["text>image"]["recall@5"]["value"] == 1.0
    assert (
        results["text>image"]["median_rank"]["value"]
        < results["text>image"]["median_rank"]["chance"]
    )
    rates = results["text>text"]["false_positives"]
    assert rates["1.0"]["meant"] == pytest.approx(0.1)


def test_captions_that_are_part_of_their_pictures_are_not_found_by_themselves(
    described: Collection, media: Path
) -> None:
    Image.new("RGB", (16, 16), COLOURS["red"]).save(media / "red-0.bmp")  # of the same stem
    (media / "red-0.xmp").write_text("not a text that asks")
    (media / "blue-2.txt").rename(media / "blue-2.png.TXT")
    build(described, [media])
    pairs = caption_pairs(described, media)
    assert len(pairs) == 12
    [both] = [pair for pair in pairs if len(pair.relevant) == 2]
    assert {Path(path).name for path in both.relevant} == {"red-0.bmp", "red-0.png"}
    evaluation = evaluate(described, pairs)
    assert (evaluation.pairs, evaluation.skipped, list(evaluation.missing)) == (12, 0, [])
    results = by_route(evaluation.to_dict())
    assert set(results) == {"text>image", "text>text", "text>any"}
    assert results["text>image"]["queries"] == 12
    assert results["text>image"]["recall@10"]["value"] == 1.0
    # Nothing else is said of a picture, so none is to be found by words.
    assert results["text>text"]["queries"] == 0
    route = evaluation.routes["text", "text"]
    assert {of for _, of in route.reached.values()} == {11 * 12 + 11}
    assert results["text>any"]["median_rank"]["value"] > 1  # the words about others come first


def test_what_else_is_said_of_a_picture_is_found(described: Collection, media: Path) -> None:
    words = " ".join(f"word{i}" for i in range(50))  # three passages of the tiny encoder
    (media / "red-0.txt").write_text(f"a red square, number 0\n\n{words}")
    (media / "red-0.xmp").write_text(
        """<x:xmpmeta xmlns:x="adobe:ns:meta/">
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>
        <rdf:li xml:lang="x-default">Crimson barn</rdf:li>
        </rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"""
    )
    build(described, [media])
    evaluation = evaluate(described, caption_pairs(described, media))
    [ranks] = evaluation.routes["text", "text"].ranks
    assert ranks[0] > 1
    pair = {"query": {"text": f"a red square, number 0 {words}"}, "relevant": ["red-0.png"]}
    quoted = evaluate(described, read_pairs(pairs_file(media, pair)))
    assert quoted.routes["text", "text"].ranks == [[1]]  # who asks so means to be answered so


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"a\0b", "it holds NUL characters"), (bytes(range(1, 160)), "it is text in")],
)
def test_captions_that_cannot_be_read_are_named(tmp_path: Path, data: bytes, reason: str) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(UsageError, match=f"a.txt cannot be read: {reason}"):
        pairs_from_captions(tmp_path, ())


def test_captions_in_other_encodings_and_without_words(tmp_path: Path) -> None:
    for name in "ab":
        Image.new("RGB", (16, 16)).save(tmp_path / f"{name}.png")
    (tmp_path / "a.txt").write_bytes(b" \n")
    (tmp_path / "b.txt").write_bytes("Füchse\r\nim  Schnee".encode("utf-16"))
    [pair] = pairs_from_captions(tmp_path, ())
    assert pair.caption == pair.terms[0].content == "Füchse im Schnee"


def test_what_is_relevant_may_be_an_id_that_no_path_can_be(tmp_path: Path) -> None:
    path, long = tmp_path / "pairs.jsonl", "x" * 500
    line = {"query": {"text": "a\u2028b"}, "relevant": [long, "nul\0"]}
    path.write_text(json.dumps(line, ensure_ascii=False), "utf-8")
    [pair] = read_pairs(path)
    assert set(pair.relevant) == {long, "nul\0"}


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
def test_pairs_are_not_read_without_end() -> None:
    with pytest.raises(UsageError, match="/dev/zero is over 64 MiB"):
        read_pairs(Path("/dev/zero"))


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"query": {"text": "a"}}',
        '{"query": {}, "relevant": ["a"]}',
        '{"query": {"smell": "a"}, "relevant": ["a"]}',
        '{"query": {"text": "a"}, "relevant": []}',
        '{"query": {"text": "a"}, "relevant": "abc"}',
        '{"query": {"text": "a"}, "relevant": ["a", "b"], "grade": [1]}',
        '{"query": {"text": "a"}, "relevant": ["a"], "grade": 0}',
        '{"query": {"text": "a"}, "relevant": ["a"], "grade": NaN}',
        '{"query": {"text": "a"}, "relevant": ["a"], "grade": Infinity}',
        '{"query": {"text": "a"}, "relevant": ["a"], "grade": 1' + "0" * 400 + "}",
        '{"query": {"image": "a\\u0000.jpg"}, "relevant": ["a"]}',
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"query": {"text": "a"}, "relevant": ["a"]}\n' + line)
    with pytest.raises(UsageError, match="line 2 is no pair"):
        read_pairs(path)


def test_sources_of_pairs_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="no pairs"):
        read_pairs(tmp_path / "empty.jsonl")
    with pytest.raises(UsageError, match="caption"):
        pairs_from_captions(tmp_path, ())
    with pytest.raises(UsageError, match="not a folder"):
        pairs_from_captions(tmp_path / "nowhere", ())


def test_the_command_prints_and_plots(collection: Collection, media: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from anysense.server.cli.root import cli

    collection.release()
    plot = tmp_path / "scores.png"
    arguments = ["eval", str(collection.path), "--from-captions", str(media)]
    done = CliRunner().invoke(cli, [*arguments, "--plot", str(plot), "--json"])
    assert done.exit_code == 0, done.output
    results = json.loads(done.stdout)
    assert {"text>image", "image>text", "text>any"} <= set(by_route(results))
    assert {"collection", "pairs", "skipped", "missing", "routes", "matches"} == set(results)
    header = plot.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", header[16:])) > 300
    vector = tmp_path / "scores.SVG"
    shown = CliRunner().invoke(cli, [*arguments, "--plot", str(vector)])
    assert "<svg" in vector.read_text()
    lines = shown.stdout.splitlines()
    assert lines[0] == "route\tqueries\tfigure\tvalue\t95%\tchance"
    assert lines[lines.index("meant\t10.00%\t3.16%\t1.00%\t0.32%\t0.10%") - 1] == (
        "query -> items\tscore 1.0\tscore 1.5\tscore 2.0\tscore 2.5\tscore 3.0"
    )
    assert "text -> image\t12\trecall@10\t1.000\t1.000-1.000\t0." in shown.stdout
    assert "Of the true ten nearest the index finds all, on every route." in shown.stdout
    assert CliRunner().invoke(cli, ["eval", str(collection.path)]).exit_code == 2
    for name in ("nowhere/scores.png", "scores.bmp", "scores"):
        refused = CliRunner().invoke(cli, [*arguments, "--plot", str(tmp_path / name)])
        assert refused.exit_code == 2
        assert refused.stderr.startswith("error: --plot: ")
        assert not (tmp_path / name).exists()


def test_a_terminal_gets_the_figures_in_one_table(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.server.cli import console, tables
    from anysense.server.cli.root import cli

    for module in (console, tables):
        monkeypatch.setattr(module, "stdout_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    path = pairs_file(
        media,
        {"query": {"text": "red"}, "relevant": [f"red-{i}.png" for i in (0, 3, 6, 9)]},
        {"query": {"text": "red"}, "relevant": ["nowhere.png"]},
    )
    collection.release()
    done = CliRunner().invoke(cli, ["eval", str(collection.path), "--pairs", str(path)])
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    head = lines.index("query -> items recall@1 recall@10 mrr ndcg@10 median rank")
    at = lines.index("text -> image (1) 1.00 1.00 1.00 1.00 1")
    assert at > head
    assert lines[at + 1] == f"95% {'1.00-1.00 ' * 4}1-1"
    assert lines[at + 2].startswith("by chance 0.")
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "1 query left out" in done.stderr
    assert "such as nowhere.png." in done.stderr


def test_the_plot_says_what_it_shows(collection: Collection, media: Path) -> None:
    pytest.importorskip("matplotlib")
    from anysense.server.cli.plot import draw_scores

    evaluation = evaluate(collection, caption_pairs(collection, media))
    figure = draw_scores(evaluation)
    figure.canvas.draw()  # places the parts
    rows = [axis.get_ylabel() for axis in figure.axes[::2]]
    assert rows == [
        f"{query} → {target}\n{relevant} relevant items"
        for query, target, relevant in (
            ("image", "image", 0), ("image", "text", 12), ("text", "image", 12), ("text", "text", 0)
        )
    ]  # fmt: skip
    [legend] = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert [word.split()[0] for word in words] == ["unrelated", "relevant", "1%"]
    # Matplotlib gives the title of a figure under no public name.
    drawn = [title.get_window_extent() for title in (figure._suptitle, legend)]  # type: ignore
    drawn += [axis.title.get_window_extent() for axis in figure.axes[:2]]
    drawn += [axis.xaxis.label.get_window_extent() for axis in figure.axes[-2:]]
    for i, box in enumerate(drawn):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in drawn[:i])


def test_a_query_is_no_answer_to_itself(collection: Collection, media: Path) -> None:
    path = pairs_file(
        media,
        {"query": {"image": "red-0.png"}, "relevant": ["red-3.png"]},
        {"query": {"image": "red-3.png"}, "relevant": ["red-3.png"]},  # unless it is said to be one
    )
    evaluation = evaluate(collection, read_pairs(path))
    route = evaluation.routes["image", "image"]
    orders = []
    for name in ("red-0.png", "red-3.png"):
        hits = collection.search(media / name, 12, modalities=["image"])
        orders.append([hit.source.rsplit("/", 1)[-1] for hit in hits])
    orders[0].remove("red-0.png")
    assert route.ranks == [[order.index("red-3.png") + 1] for order in orders]
    assert len(route.related) == 2
    assert [of for _, of in route.reached.values()] == [10 + 11] * 5
    assert max(cosine for cosine, _ in route.related) == pytest.approx(1.0, abs=1e-3)
    captions = evaluate(collection, caption_pairs(collection, media)).routes["text", "text"]
    assert [of for _, of in captions.reached.values()] == [12 * 11] * 5


def test_false_positives_are_counted_over_all_unrelated_items(
    collection: Collection, media: Path
) -> None:
    reds = [f"red-{i}.png" for i in (0, 3, 6, 9)]
    path = pairs_file(media, {"query": {"text": "red"}, "relevant": reds})
    evaluation = evaluate(collection, read_pairs(path))
    route = evaluation.routes["text", "image"]
    unrelated = [h.score for h in collection.search("red", 24, modalities=["image"])][4:]
    for level, (count, of) in route.reached.items():
        assert of == 8
        assert count == np.sum(np.asarray(unrelated) >= level)


def test_texts_ask_by_vectors_by_words_and_by_both(collection: Collection, media: Path) -> None:
    numbered = [
        {"query": {"text": f"number {i}"}, "relevant": [f"{list(COLOURS)[i % 3]}-{i}.txt"]}
        for i in range(12)
    ]
    picture = {"query": {"image": "blue-2.png"}, "relevant": ["blue-2.txt"]}
    path = pairs_file(media, *numbered, picture)
    results = evaluate(collection, read_pairs(path)).to_dict()
    matches = {entry["match"]: entry for entry in results["matches"]}
    assert set(matches) == {"both", "vector", "words"}
    assert {entry["queries"] for entry in matches.values()} == {12}  # a picture has no words
    for match in ("both", "words"):
        assert matches[match]["recall@1"]["value"] == 1.0
        assert matches[match]["median_rank"]["value"] == 1
    assert matches["vector"]["ndcg@10"]["value"] < 0.9  # the encoder knows no numbers


def test_captions_do_not_ask_by_words_as_they_are_quoted(
    described: Collection, media: Path
) -> None:
    assert evaluate(described, caption_pairs(described, media)).to_dict()["matches"] == []

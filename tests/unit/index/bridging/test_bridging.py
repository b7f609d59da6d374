from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from specimen import opened_with

from anysense import Collection, NewItem, Term, Waveform
from anysense.embed.errors import NoRouteError, UsageError
from anysense.embed.types import Modality, Space
from anysense.index.bridging.captions import encode_anchors, read_anchors
from anysense.index.bridging.maps import (
    METHODS,
    AnchorMap,
    Bridge,
    LinearMap,
    choose,
    fit_bridge,
    modality_mean,
    unit,
)
from anysense.index.bridging.published import find_bridges, needed_bridges, to_tuning
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.snapshots.manifest import EncoderEntry, Manifest
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense import Hit

Vectors = NDArray[np.float32]
A = Space("a", "1", 24, frozenset({Modality.TEXT, Modality.IMAGE}))
B = Space("b", "1", 32, frozenset({Modality.TEXT, Modality.AUDIO}))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def clustered(rng: np.random.Generator, count: int, dimension: int) -> Vectors:
    """Unit vectors around some centres, as those of captions are."""
    centres = rng.normal(size=(40, dimension))
    return unit(centres[rng.integers(40, size=count)] + rng.normal(size=(count, dimension))).astype(
        np.float32
    )


def rotation(rng: np.random.Generator, source: int, target: int) -> Vectors:
    size = max(source, target)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return np.asarray(turn[:source, :target], np.float32)


def cosines(x: Vectors, y: Vectors) -> Vectors:
    return np.asarray((unit(x) * unit(y)).sum(axis=1), np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_a_known_rotation_is_recovered(method: str, rng: np.random.Generator) -> None:
    from anysense.index.bridging import maps as bridge

    turn = rotation(rng, 24, 32)
    anchors = clustered(rng, 4000, 24)
    new = clustered(np.random.default_rng(0), 200, 24)  # of the same centres
    [fitted] = bridge._maps(method, anchors, anchors @ turn, bridge._PARAMETERS[method][:1])
    found = cosines(fitted(new), new @ turn)
    assert found.mean() > (0.75 if method == "softmax" else 0.999)


def test_the_means_of_modalities_are_removed(rng: np.random.Generator) -> None:
    turn, anchors = rotation(rng, 24, 32), clustered(rng, 3000, 24)
    gap_text, gap_image = (unit(rng.normal(size=24)).astype(np.float32) for _ in range(2))
    images = clustered(np.random.default_rng(0), 300, 24)
    there = unit(anchors @ turn + unit(rng.normal(size=32)).astype(np.float32))
    mean = {Modality.IMAGE: images.mean(axis=0) + 2 * gap_image}
    bridge = fit_bridge("a", "b", (anchors + gap_text, there), mean)
    wanted = (images - images.mean(axis=0)) @ turn
    crossed = bridge.apply(images + 2 * gap_image, Modality.IMAGE)
    assert cosines(crossed, wanted).mean() > 0.9
    np.testing.assert_allclose(
        np.linalg.norm(crossed, axis=1), np.linalg.norm(wanted, axis=1), rtol=1e-3
    )
    as_if_text = bridge.apply(images + 2 * gap_image, Modality.TEXT)
    assert cosines(as_if_text, wanted).mean() < 0.7
    one = bridge.apply(images[0] + 2 * gap_image, Modality.IMAGE)
    assert one.shape == (32,)
    np.testing.assert_allclose(one, crossed[0], atol=1e-5)


def test_where_a_modality_lies(rng: np.random.Generator) -> None:
    items, background = (rng.normal(size=(n, 24)).astype(np.float32) for n in (90, 10))
    texts = np.ones(24, np.float32)
    alone = modality_mean(items[:0], background, texts)
    np.testing.assert_allclose(alone, (background.mean(axis=0) + texts) / 2, atol=1e-5)
    both = modality_mean(items, background, texts)
    np.testing.assert_allclose(both, 0.9 * items.mean(axis=0) + 0.1 * alone, atol=1e-5)
    np.testing.assert_array_equal(modality_mean(items[:0], background[:0], texts), texts)


def test_the_better_map_is_chosen(rng: np.random.Generator) -> None:
    anchors = clustered(rng, 3000, 24)
    noise = 0.35 * unit(rng.normal(size=(3000, 32))).astype(np.float32)
    turned = unit(anchors @ rotation(rng, 24, 32) + noise)
    assert choose(anchors, turned).method in ("procrustes", "ridge")
    # Half of the directions mean nothing on the other side: a rotation has to keep them.
    half = unit(anchors[:, :12] + 0.1 * rng.normal(size=(3000, 12)).astype(np.float32))
    choice = choose(anchors, half)
    assert choice.method == "ridge"
    assert choice.scores["ridge"] > choice.scores["procrustes"] + 0.005
    # Two clusterings with nothing linear between them: only neighbours tell.
    labels = rng.integers(300, size=3000)
    here, there = (
        unit(clustered(rng, 300, d)[labels] + 0.1 * rng.normal(size=(3000, d)).astype(np.float32))
        for d in (24, 32)
    )
    assert choose(here, there).method == "softmax"
    assert choose(here, there) == choose(here, there)


def published(
    bridge: Bridge, spaces: tuple[Space, Space] = (A, B)
) -> tuple[Manifest, dict[str, Any]]:
    tuning = to_tuning([bridge], spaces, 3000)
    entries = [EncoderEntry(space.id, space) for space in spaces]
    manifest = Manifest("c", "0", entries, tuning=dict(tuning.sections))
    return Manifest.from_text(manifest.to_text(), Path("c/manifest.json")), dict(tuning.arrays)


@pytest.mark.parametrize("method", METHODS)
def test_a_bridge_is_the_same_after_it_was_kept(
    method: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    anchors = clustered(rng, 3000, 24)
    images = clustered(rng, 10, 24)
    mean = {Modality.IMAGE: images.mean(axis=0)}
    bridge = fit_bridge(
        "a", "b", (anchors, anchors @ rotation(rng, 24, 32)), mean, methods=[method]
    )
    manifest, arrays = published(bridge)
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=False)
    loaded = {p.stem: np.load(p, allow_pickle=False) for p in tmp_path.glob("*.npy")}
    again = find_bridges(manifest, loaded)["a", "b"]
    assert again.choice == bridge.choice
    assert isinstance(again.map, AnchorMap if method == "softmax" else LinearMap)
    for modality in (Modality.TEXT, Modality.IMAGE):
        np.testing.assert_allclose(
            again.apply(images, modality), bridge.apply(images, modality), atol=2e-3
        )


def test_a_bridge_of_another_revision_is_refused(rng: np.random.Generator) -> None:
    anchors = clustered(rng, 2000, 24)
    manifest, arrays = published(fit_bridge("a", "b", (anchors, anchors), {}))
    assert list(find_bridges(manifest, arrays)) == [("a", "b")]
    changed = [EncoderEntry("a", A), EncoderEntry("b", replace(B, revision="2"))]
    assert find_bridges(replace(manifest, encoders=changed), arrays) == {}
    assert find_bridges(replace(manifest, encoders=changed[:1]), arrays) == {}
    assert find_bridges(manifest, {}) == {}  # the arrays went with a damaged generation


def test_bridges_join_only_what_no_space_joins() -> None:
    both = Space("both", "1", 8, frozenset(Modality))
    second = replace(A, id="second")
    assert needed_bridges([A, B]) == [(A, B), (B, A)]
    assert needed_bridges([A, second, B]) == [(A, B), (B, A)]
    assert needed_bridges([A, B, both]) == []
    assert needed_bridges([A]) == []
    assert needed_bridges([A, Space("mute", "1", 8, frozenset({Modality.AUDIO}))]) == []


def test_the_bank_has_enough_short_captions() -> None:
    captions = read_anchors()
    assert len(captions) >= 20_000
    assert len(set(captions)) == len(captions)
    assert max(map(len, captions)) < 120
    assert {"a dog", "a dog barking"} <= set(captions)


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_captions_of_a_file(suffix: str, tmp_path: Path) -> None:
    lines = [f"caption {i % 1500}" for i in range(3000)] + ["", "  ", "\u200b"]
    path = tmp_path / f"captions{suffix}"
    data = "\r\n".join(lines).encode("utf-8-sig")
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    assert read_anchors(path) == [f"caption {i}" for i in range(1500)]


def files_that_are_no_captions() -> Iterator[tuple[str, bytes, str]]:
    whole = gzip.compress("\n".join(f"caption {i}" for i in range(2000)).encode())
    yield "few.txt", b"a dog\na cat\n", "has 2 different captions"
    yield "latin.txt", "ein Hörspiel\n".encode("latin-1") * 2000, "not UTF-8"
    yield "cut.txt.gz", whole[: len(whole) // 2], "not a whole gzip file"
    yield "plain.txt.gz", b"a dog\n", "cannot be read"
    yield "missing.txt", b"", "cannot be read: No such file"


@pytest.mark.parametrize(("name", "data", "message"), list(files_that_are_no_captions()))
def test_files_that_are_no_captions(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    if data:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=message):
        read_anchors(tmp_path / name)


def test_anchors_are_encoded_once_for_each_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny import TinyEncoder

    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path))
    captions = [f"red thing number {i}" for i in range(100)]
    first, told = TinyEncoder(), list[tuple[int, int]]()
    vectors = encode_anchors(first, captions, lambda done, total: told.append((done, total)))
    assert first.encoded == 100
    assert told[-1] == (100, 100)
    again = TinyEncoder()
    np.testing.assert_array_equal(encode_anchors(again, captions), vectors)
    assert again.encoded == 0
    for other in (TinyEncoder(revision="2"), TinyEncoder("other")):
        encode_anchors(other, captions)
        assert other.encoded == 100
    for file in tmp_path.rglob("*.npy"):
        file.write_bytes(b"not an array")
    np.testing.assert_array_equal(encode_anchors(again, captions), vectors)
    assert again.encoded == 100


COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
TONES = {"low": 100, "middle": 600, "high": 3000}


def tone(frequency: float) -> Waveform:
    return Waveform(np.sin(np.arange(8000) * frequency * np.pi / 4000).astype(np.float32), 8000)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    """Pictures and sounds of three concepts that no space has both of, and texts."""
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    with Collection.create(tmp_path / "c", ["tiny:text-image", "tiny:text-audio"]) as collection:
        collection.add(
            NewItem(content, id=f"{kind}-{name}-{i}")
            for i in range(8)
            for kind, contents in (
                ("image", {n: Image.new("RGB", (32, 32), c) for n, c in COLOURS.items()}),
                ("audio", {n: tone(f + i) for n, f in TONES.items()}),
                ("text", {n: f"a {n} thing, number {i}" for n in (*COLOURS, *TONES)}),
            )
            for name, content in contents.items()
        )
        collection.publish()
        yield collection


# The tiny encoder knows pictures by colours and sounds by pitches, which have nothing in common:
# captions that name a colour and its pitch are what joins them.
CAPTIONS = [
    f"{colour} {pitch} caption {number}"
    for number in range(400)
    for colour, pitch in zip(COLOURS, TONES, strict=True)
]


def kinds(hits: Sequence[Hit]) -> set[str]:
    return {hit.id.rsplit("-", 1)[0] for hit in hits}


def test_an_image_finds_sounds_once_the_bridge_is_fitted(pair: Collection) -> None:
    red = Image.new("RGB", (16, 16), (210, 10, 10))
    with pytest.raises(NoRouteError, match=r"from image to audio.*bridge fit"):
        pair.search(red, modalities=["audio"])
    assert {h.route for h in pair.search(red, k=50)} == {"native"}
    report = pair.fit_bridges(CAPTIONS)
    assert [(b.source, b.target) for b in report.bridges] == [
        ("tiny:text-image", "tiny:text-audio"),
        ("tiny:text-audio", "tiny:text-image"),
    ]
    with Collection.open(pair.path) as collection:
        hits = collection.search(red, modalities=["audio"], k=8)
        assert kinds(hits) == {"audio-low"}
        assert {(h.route, h.space) for h in hits} == {("bridged", "tiny:text-audio")}
        back = collection.search(tone(3005), modalities=["image"], k=8)
        assert kinds(back) == {"image-blue"}
        every = collection.search(red, k=50)
        assert {(h.modality.value, h.route) for h in every} == {
            ("image", "native"),
            ("text", "native"),
            ("audio", "bridged"),
        }
        like = collection.search(Term(like="image-green-1"), modalities=["audio"], k=8)
        assert kinds(like) == {"audio-middle"}


def test_bridged_and_native_terms_combine(pair: Collection) -> None:
    pair.fit_bridges(CAPTIONS)
    red = Image.new("RGB", (16, 16), (210, 10, 10))
    both = pair.search([red, Term("high")], modalities=["audio"], k=16)
    assert kinds(both) == {"audio-low", "audio-high"}
    assert {hit.route for hit in both} == {"bridged"}
    told = CollectionRetriever(pair).explain(
        [red, Term("high")], both[0].id, modalities=["audio"], k=16
    )
    assert told.hit == both[0]
    assert sum(term.share for term in told.terms) == pytest.approx(told.cosine, abs=1e-5)
    assert all(term.cosine is not None for term in told.terms)  # one came over the bridge
    of_text = CollectionRetriever(pair).explain([red, "low"], "text-low-1", modalities=["text"])
    assert len(of_text.terms) == 2
    without = pair.search([Term("low high"), Term(red, weight=-1.0)], modalities=["audio"], k=8)
    assert kinds(without) == {"audio-high"}
    assert {hit.route for hit in pair.search([red, "low"], modalities=["text"])} == {"native"}
    [vector] = pair.folder.snapshot().item_vectors("image-blue-3").values()
    asked = Term(vector=vector[0], space="tiny:text-image", modality=Modality.IMAGE)
    assert kinds(pair.search(asked, modalities=["audio"], k=8)) == {"audio-high"}


def test_scores_of_bridged_hits_are_calibrated(pair: Collection) -> None:
    pair.fit_bridges(CAPTIONS)
    related = pair.search(Image.new("RGB", (16, 16), (210, 10, 10)), modalities=["audio"], k=24)
    assert [hit.score for hit in related] == sorted((h.score for h in related), reverse=True)
    assert min(hit.score for hit in related[:8]) > max(hit.score for hit in related[8:])
    assert all(-1.0 <= hit.raw_score <= 1.0 for hit in related)


def test_a_bridge_is_fitted_anew_and_outlives_publishing(pair: Collection) -> None:
    pair.fit_bridges(CAPTIONS)
    pair.add([NewItem(tone(120), id="audio-low-new")])
    pair.publish()
    blue = Image.new("RGB", (16, 16), (10, 10, 210))
    assert kinds(pair.search(blue, modalities=["audio"], k=8)) == {"audio-high"}
    swap = dict(zip(TONES, reversed(TONES), strict=True))
    turned = [" ".join(swap.get(word, word) for word in caption.split()) for caption in CAPTIONS]
    pair.fit_bridges(turned)
    assert kinds(pair.search(blue, modalities=["audio"], k=8)) == {"audio-low"}
    pair.compact()
    with Collection.open(pair.path) as again:
        assert again.verify().ok
        assert kinds(again.search(blue, modalities=["audio"], k=8)) == {"audio-low"}


@pytest.fixture
def pair_with_lists(pair: Collection) -> Iterator[Collection]:
    """The same with lists from 20 segments on."""
    pair.close()
    with opened_with(pair.path, exact=20) as collection:
        yield collection


def test_what_a_bridged_route_scans_is_measured(pair_with_lists: Collection) -> None:
    pair = pair_with_lists
    sounds = Partition("tiny:text-audio", Modality.AUDIO)
    pair.compact()
    assert pair.folder.snapshot().effort(Modality.AUDIO, sounds) is not None
    assert pair.folder.snapshot().effort(Modality.IMAGE, sounds) is None  # nothing leads there yet
    pair.fit_bridges(CAPTIONS)
    measured = pair.folder.snapshot().manifest.tuning["nprobe"][sounds.key]["image"]
    assert measured["queries"] == 24
    assert measured["recall"] >= 0.95
    [route] = [
        route
        for route in pair.info()["routes"]
        if (route["query"], route["items_of"]) == ("image", "audio")
    ]
    assert (route["route"], route["exact"]) == ("bridged", False)
    assert route["measured_recall"] == measured["recall"]
    red = Image.new("RGB", (16, 16), (210, 10, 10))
    assert kinds(pair.search(red, modalities=["audio"], k=4)) == {"audio-low"}
    pair.add([NewItem(tone(120), id="audio-low-new")])
    pair.publish()
    assert pair.folder.snapshot().manifest.tuning["nprobe"][sounds.key]["image"] == measured


def test_collections_that_need_no_bridge_are_refused(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "one", ["tiny"]) as collection:
        collection.add([NewItem("a red thing")])
        with pytest.raises(UsageError, match=r"No bridge is needed.*every modality"):
            collection.fit_bridges(CAPTIONS)
    pair = ["tiny:text-image", "tiny:text-audio"]
    for names, message in ((pair[:1], "Nothing to join"), (pair, "is empty")):
        made = Collection.create(tmp_path / message, names)
        with made as collection, pytest.raises(UsageError, match=message):
            collection.fit_bridges(CAPTIONS)


def test_the_command_fits_with_captions_of_a_file(pair: Collection, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from anysense.server.cli.root import cli

    (tmp_path / "captions.txt").write_text("\n".join(CAPTIONS))
    arguments = ["bridge", "fit", str(pair.path), "--anchors", str(tmp_path / "captions.txt")]
    pair.release()  # it writes from another process, as a rule
    info = CliRunner().invoke(cli, ["info", str(pair.path)]).stdout
    assert info.count(f"none yet: `anysense bridge fit {pair.path}` makes it\n") == 2
    assert {bridge["usable"] for bridge in pair.info()["bridges"]} == {False}
    assert {route["route"] for route in pair.info()["routes"]} == {"native"}
    told = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert told["anchors"] == 1200
    assert told["generation"] == 2
    assert [b["source"] for b in told["bridges"]] == ["tiny:text-image", "tiny:text-audio"]
    assert all(set(b["scores"]) == set(METHODS) for b in told["bridges"])
    facts = pair.info()
    for fitted, kept in zip(told["bridges"], facts["bridges"], strict=True):
        assert kept["usable"]
        assert kept["held_out_score"] == fitted["scores"][fitted["method"]]
        assert {name: kept[name] for name in ("source", "target", "method", "held_out")} == {
            name: fitted[name] for name in ("source", "target", "method", "held_out")
        }
    bridged = [route for route in facts["routes"] if route["route"] == "bridged"]
    assert {(route["query"], route["items_of"], route["space"]) for route in bridged} == {
        (asked, items, space)
        for asked, space in (("image", "tiny:text-audio"), ("audio", "tiny:text-image"))
        for items in ("text", {"image": "audio", "audio": "image"}[asked])
    }
    info = CliRunner().invoke(cli, ["info", str(pair.path)]).stdout
    assert "\nbridge 1           tiny:text-image -> tiny:text-audio: " in info
    assert "image -> audio\ttiny:text-audio\t24\t\texact\tbridge\n" in info
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0
    assert "tiny:text-image -> tiny:text-audio: " in done.stdout
    assert "1,200 captions" in done.stdout
    red = Image.new("RGB", (16, 16), (210, 10, 10))
    assert kinds(pair.search(red, modalities=["audio"], k=8)) == {"audio-low"}
    (tmp_path / "captions.txt").write_text("a dog\n")
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "1 different captions" in done.stderr

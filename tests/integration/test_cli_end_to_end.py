"""The command as a user runs it: real processes, the starter model, the sample media."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media_files import page, pdf
from PIL import Image

from anysense.index.collection import Collection
from anysense.server.cli.commands.demo import sample_folder

pytestmark = pytest.mark.integration

SUBSET = (
    "photos/cat-face.jpg",
    "photos/german-shepherd.jpg",
    "photos/snowy-mountain.jpg",
    "sounds/dogs-barking.ogg",
    "sounds/river.ogg",
    "notes/cat-at-play.txt",
    "notes/guard-dog.txt",
    "notes/milking-time.txt",
)
COMMAND = [sys.executable, "-m", "anysense"]


def run(*args: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def run_json(*args: str | Path, status: int = 0) -> Any:
    return json.loads(run(*args, "--json", status=status).stdout)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name in SUBSET:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(sample_folder() / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("built") / "my.anysense"
    done = run("build", media, "-o", where)
    assert f"{len(SUBSET)} added" in done.stdout
    assert "starter" in done.stderr
    assert "--profile" in done.stderr
    return where


def sources(hits: list[dict[str, Any]]) -> list[str]:
    return [Path(hit["source"]).name for hit in hits]


def test_words_find_texts_images_and_sounds(built: Path) -> None:
    for modality, best in (
        ("image", "german-shepherd.jpg"),
        ("audio", "dogs-barking.ogg"),
        ("text", "guard-dog.txt"),
    ):
        payload = run_json("search", built, "a dog barking", "--modality", modality)
        assert sources(payload["hits"])[0] == best


def test_a_picture_and_a_sound_find_themselves_and_words(built: Path, media: Path) -> None:
    cat = media / "photos/cat-face.jpg"
    payload = run_json("search", built, "--image", cat, "--modality", "image")
    assert sources(payload["hits"])[0] == "cat-face.jpg"
    assert payload["hits"][0]["raw_score"] == pytest.approx(1.0, abs=2e-3)
    payload = run_json("search", built, "--image", cat, "--modality", "text")
    assert sources(payload["hits"])[0] == "cat-at-play.txt"
    dogs = media / "sounds/dogs-barking.ogg"
    payload = run_json("search", built, "--audio", dogs, "--modality", "audio")
    assert sources(payload["hits"])[0] == "dogs-barking.ogg"
    assert payload["hits"][0]["end"] > payload["hits"][0]["start"] >= 0


def test_the_same_build_again_changes_nothing(built: Path, media: Path) -> None:
    before = run_json("info", built)
    payload = run_json("build", media, "-o", built)
    assert (payload["unchanged"], payload["added"]) == (len(SUBSET), 0)
    after = run_json("info", built)
    assert (after["generation"], after["items"]) == (before["generation"], before["items"])
    assert run_json("verify", built)["ok"] is True


def test_a_document_and_a_described_photo_are_found_by_each_part(
    media: Path, tmp_path: Path
) -> None:
    folder, where = tmp_path / "media", tmp_path / "c"
    folder.mkdir()
    recipe, engine = page("A recipe for apple pie."), page("How a steam engine works.")
    (folder / "book.pdf").write_bytes(pdf([recipe, b"", engine]))
    exif = Image.Exif()
    exif[0x010E] = "Our neighbour on the violin"
    with Image.open(media / "photos/cat-face.jpg") as cat:
        cat.save(folder / "cat.png", exif=exif)
    assert run_json("build", folder, "-o", where)["added"] == 2
    info = run_json("info", where)
    assert info["items_by_kind"] == {"document": 1, "image": 1}
    assert info["segments_by_modality"] == {"image": 3, "text": 3}
    best = run_json("search", where, "steam engine", "--modality", "text")["hits"][0]
    assert (Path(best["source"]).name, best["kind"], best["origin"]) == (
        "book.pdf",
        "document",
        "content",
    )
    assert "steam engine" in best["text"]
    assert best["page"] == 3
    best = run_json("search", where, "violin", "--modality", "text")["hits"][0]
    assert (Path(best["source"]).name, best["kind"]) == ("cat.png", "image")
    assert (best["modality"], best["origin"], best["start"]) == ("text", "caption", None)
    hits = run_json("search", where, "--image", folder / "cat.png", "--modality", "image")["hits"]
    assert [hit["kind"] for hit in hits] == ["image", "document"]
    assert (hits[0]["origin"], hits[0]["page"]) == ("content", None)
    assert (hits[1]["unit"], hits[1]["page"]) == ("pages", hits[1]["start"])
    assert hits[1]["page"] in (1, 3)
    assert run_json("verify", where)["ok"] is True


@pytest.mark.slow
def test_a_killed_or_interrupted_build_goes_on(tmp_path: Path) -> None:
    media, where = tmp_path / "media", tmp_path / "c"
    media.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3000):  # far more than are encoded while this test watches
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(media / f"{i:04d}.png")
    stop_in_the_middle(media, where, signal.SIGKILL)
    errors = stop_in_the_middle(media, where, signal.SIGINT)
    assert "same command again" in errors
    assert "Traceback" not in errors
    kept = items(where)
    assert 0 < kept < 3000
    with Collection.open(where) as collection:
        paths = set(collection.folder.files())
    assert len(paths) == kept
    left = [path for path in media.iterdir() if os.path.realpath(path) not in paths]
    for path in left[5:]:  # to go on with all of them would take long
        path.unlink()
    payload = run_json("build", media, "-o", where)
    assert (payload["unchanged"], payload["added"], payload["items"]) == (kept, 5, kept + 5)
    assert run_json("verify", where)["ok"] is True


def stop_in_the_middle(media: Path, where: Path, stop: signal.Signals) -> str:
    """Stop a build by a signal once it has written something; what it said on standard error."""
    before = items(where)
    process = start("build", media, "-o", where)
    wait_until(lambda: items(where) > before or process.poll() is not None)
    process.send_signal(stop)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == (130 if stop == signal.SIGINT else -stop), errors
    return errors


def items(where: Path) -> int:
    if not Collection.exists(where):
        return 0
    with Collection.open(where) as collection:
        return int(collection.info()["items"])


def start(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition: Any, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.mark.slow
def test_the_demo_prints_hits_of_every_modality(tmp_path: Path) -> None:
    done = run("demo", "-o", tmp_path / "demo")
    assert "anysense search" in done.stdout
    for title in ('text: "', "image: ", "sound: "):
        part = done.stdout.split(f"\n{title}", 1)[1].split("\n\n", 1)[0]
        modalities = [line.split("\t")[1] for line in part.splitlines()[1:]]
        assert set(modalities) == {"text", "image", "audio"}
    first = done.stdout.split('\ntext: "', 1)[1]
    assert "sheep-in-pasture.jpg" in first
    assert "cow-moo.ogg" in first
    assert "a-day-on-the-farm.txt" in first


def test_serve_answers_and_stops_cleanly(built: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("serve", built, "--port", str(port))

    def answers() -> bool:
        assert process.poll() is None, process.communicate()[1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    try:
        wait_until(answers)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    [announcement] = [line for line in errors.splitlines() if line.startswith("Serving")]
    assert announcement.startswith(f"Serving {built}, {len(SUBSET)} items (")
    assert f"http://127.0.0.1:{port}/docs" in announcement


def test_a_port_that_is_taken_is_an_error_of_its_own(built: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", built, "--port", str(taken.getsockname()[1]), status=1)
    assert "error: The service cannot listen at 127.0.0.1" in done.stderr
    assert "Serving" not in done.stderr


def test_a_closed_pipe_is_no_error_message(built: Path) -> None:
    search = f"{sys.executable} -m anysense search {built} dog | true"
    done = subprocess.run(
        ["bash", "-c", search], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("to", "status", "said"),
    [(">&-", 0, ""), ("> /dev/full", 1, "error: The output could not be written: No space")],
)
def test_an_output_that_takes_nothing_is_no_bug(
    built: Path, to: str, status: int, said: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m anysense info {built} --json {to}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr[: len(said) or 1]) == (status, said)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the users of Unix")
def test_a_terminal_gets_a_table(built: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [*COMMAND, "search", str(built), "a dog barking"], stdout=follower, env=environment
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not data:
            break
        shown += data
    os.close(leader)
    assert process.wait(120) == 0
    text = shown.decode()
    assert "score" in text
    assert "dogs-barking.ogg" in text
    assert "0:00-0:" in text

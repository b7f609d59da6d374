"""The recipes run as they are written, with what they name, and a stand-in for a language model."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_server import handled_by
from pages import CHECK, blocks, run_example
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "server" / "sample"
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
MODEL = "http://127.0.0.1:9000/v1"

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RUNBOOKS = {
    "disk-full": (
        "# Backups\n\n## ERR_2041: no room for a backup\n\nThe volume /backup is full. Remove its "
        "oldest backups with the tool free_space(volume), then start the job again.\n\n"
        "## Schedule\n\nBackups run at two in the morning and take about an hour.\n"
    ),
    "login-refused": (
        "# Signing in\n\n## ERR_1007: the password is not taken\n\nSee whether the account is "
        "locked, and unlock it; a password is never sent by mail.\n"
    ),
    "printer": "# Printers\n\n## ERR_3300: paper is stuck\n\nOpen the lid at the back.\n",
    "network": "# Network\n\n## ERR_4410: no address\n\nRenew the lease, or plug the cable in.\n",
}
ERRORS = {
    "disk-full": ("ERR_2041", (170, 30, 30), "Backup failed: no space left"),
    "login-refused": ("ERR_1007", (40, 60, 160), "User name or password is wrong"),
    "printer": ("ERR_3300", (220, 200, 60), "Paper jam in tray 2"),
    "network": ("ERR_4410", (60, 140, 70), "No network connection"),
}
EVENING = {
    "photos/bata-drums.jpg": "drum workshop",
    "notes/hand-drums.txt": "drum workshop",
    "notes/tabla-lesson.txt": "drum workshop",
    "photos/kingfisher.jpg": "walk by the brook",
    "notes/kingfisher-by-the-brook.txt": "walk by the brook",
    "photos/coffee-cup.jpg": "breakfast",
    "notes/espresso.txt": "breakfast",
    "photos/snowy-mountain.jpg": "mountain tour",
    "photos/matterhorn.jpg": "mountain tour",
    "notes/walk-in-the-snow.txt": "mountain tour",
}
QUESTIONS: dict[str, str] = {
    "a hot drink": "coffee-cup.jpg espresso.txt",
    "someone hammering": "claw-hammer.jpg carpenters-hammer.txt",
    "drums": "bata-drums.jpg taiko-drummers.jpg hand-drums.txt taiko.txt tabla-lesson.txt",
    "a bird of prey at night": "owl-on-branch.jpg owl-at-night.txt",
    "farm animals": "cow-in-meadow.jpg sheep-in-pasture.jpg pig-on-grass.jpg hens-on-grass.jpg "
    "a-day-on-the-farm.txt milking-time.txt pig-in-the-orchard.txt sheep-on-the-hill.txt "
    "rooster-and-hens.txt",
    "a rocket taking off": "rocket-launch.jpg lightning-at-launch-pad.jpg lift-off.txt",
    "a waterfall": "waterfall-in-sea.jpg dam-spilling-water.jpg at-the-waterfall.txt "
    "opening-the-dam.txt",
    "our planet from space": "earthrise.jpg the-earth-from-the-moon.txt",
    "an insect on a flower": "honey-bee-on-aster.jpg bees-and-asters.txt",
    "a volcano erupting": "lava-into-sea.jpg volcanic-crater.jpg volcano.txt",
    "the skyline of a city": "manhattan.jpg big-city.txt",
    "musicians on a stage": "orchestra.jpg mariachi-band.jpg opera-singers.jpg "
    "orchestra-rehearsal.txt mariachi.txt a-tenor-on-an-old-record.txt",
    "a fish on a reef": "clownfish.jpg clownfish.txt",
    "sparks from metal work": "welder.jpg foundry-workers.jpg welding.txt in-the-foundry.txt",
    "a windmill": "dutch-windmills.jpg windmills.txt",
    "a bear in the Arctic": "polar-bear.jpg polar-bear.txt",
    "a kitten playing": "cat-with-wool.jpg cat-face.jpg cat-at-play.txt",
    "mist between trees": "foggy-forest.jpg fog-in-the-forest.txt",
    "sand dunes": "desert-dunes.jpg desert-wind.txt",
    "a tall animal of the savannah": "giraffes.jpg giraffes-at-the-acacia.txt",
}


def recall(search: Callable[[str], list[str]]) -> float:
    """Of what answers a question, how much is among the first six: the mean over the questions."""
    shares = []
    for question, names in QUESTIONS.items():
        relevant = set(names.split())
        shares.append(len(relevant & set(search(question))) / min(len(relevant), 6))
    return float(np.mean(shares))


def screenshot(name: str, size: tuple[int, int], place: tuple[int, int]) -> Image.Image:
    """A window with an error, on a desktop."""
    code, colour, message = ERRORS[name]
    picture = Image.new("RGB", size, (70, 110, 140))
    draw = ImageDraw.Draw(picture)
    left, top = place
    draw.rectangle((left, top, left + 420, top + 200), (240, 240, 240), (90, 90, 90))
    draw.rectangle((left, top, left + 420, top + 30), colour)
    draw.ellipse((left + 20, top + 60, left + 90, top + 130), colour)
    font = ImageFont.load_default(20)
    draw.text((left + 110, top + 70), message, (20, 20, 20), font)
    draw.text((left + 110, top + 110), code, (20, 20, 20), font)
    return picture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page names."""
    for name in ("notes", "photos"):
        shutil.copytree(SAMPLE / name, tmp_path / name)
    for name in ("runbooks", "screenshots"):
        (tmp_path / name).mkdir()
    rows = []
    for name, text in RUNBOOKS.items():
        (tmp_path / "runbooks" / f"{name}.md").write_text(text)
        screenshot(name, (640, 400), (100, 80)).save(tmp_path / "screenshots" / f"{name}.png")
        rows.append(f"screenshots/{name}.png,{ERRORS[name][0]}")
    (tmp_path / "screenshots.csv").write_text("\n".join(["path,error", *rows]))
    screenshot("disk-full", (800, 520), (180, 160)).save(tmp_path / "broken.png")
    evening = [f"{path},{event}" for path, event in EVENING.items()]
    (tmp_path / "evening.csv").write_text("\n".join(["path,event", *evening]))
    shutil.copyfile(SAMPLE / "sounds" / "djembe.ogg", tmp_path / "recording.ogg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def language_model() -> Iterator[tuple[str, list[Any]]]:
    """Stands in for a model: it calls the tool that the passages in the message name."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body)
            parts = body["messages"][0]["content"]
            text = "\n".join(part["text"] for part in parts if part["type"] == "text")
            tool = body["tools"][0]["function"]["name"]
            volume = re.search(r"volume (/\w+) is full", text)
            arguments = {"volume": volume[1]} if volume and f"{tool}(" in text else {}
            call = {"name": tool, "arguments": json.dumps(arguments)}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call-1", "type": "function", "function": call}],
            }
            answer = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
            }
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    with handled_by(Handler) as url:
        yield f"{url}/v1", asked


def test_the_recipes_run_as_they_are_written(folder: Path) -> None:
    names: dict[str, Any] = {"recall": recall}
    with language_model() as (url, asked):
        page = PAGE.replace(MODEL, url)
        checked = sum(run_example(example, names) for example in blocks(page, "python"))
        names["model"].close()
    assert checked == len(CHECK.findall(PAGE)) == 4
    [request] = asked  # in one pass
    kinds = [part["type"] for part in request["messages"][0]["content"]]
    assert kinds.count("image_url") == 1
    assert folder.joinpath("operations.anysense").is_dir()
    told = re.findall(r"^\| [a-z ,]+ \| \d+ \| ([0-9.]+) \|$", PAGE, re.MULTILINE)
    measured = [names["before"], names["after"]]
    assert measured == pytest.approx([float(each) for each in told], abs=0.03)  # of other machines


def test_the_lines_that_are_told_are_those_of_the_page() -> None:
    """Without empty lines, imports, and what measures."""

    def lines(block: str) -> int:
        counted = [line for line in block.splitlines() if line.strip()]
        return len([x for x in counted if not re.match(r"(import|from) |\w+ = recall", x)])

    *_, before, after = blocks(PAGE, "python")
    told = re.findall(r"^\| [a-z ,]+ \| (\d+) \| [0-9.]+ \|$", PAGE, re.MULTILINE)
    assert [lines(before), lines(after)] == [int(each) for each in told]

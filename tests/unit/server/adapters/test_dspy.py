"""The retrieval model for DSPy, by itself and in modules with a model that answers by rote."""

from __future__ import annotations

import base64
import copy
import io
import wave
from typing import TYPE_CHECKING, Any

import dspy
import pytest
from dspy.utils import DummyLM
from media_files import page, pdf
from PIL import Image
from tiny_files import write_media

from anysense import Collection, NewItem
from anysense.adapters.dspy import AnysensePassage, AnysenseRM, audio_of, image_of
from anysense.errors import (
    CollectionNotFoundError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dspy") / "files"
    write_media(folder)
    (folder / "paper.pdf").write_bytes(pdf([page("a blue page")]))
    return folder


@pytest.fixture(scope="module")
def path(files: Path) -> Path:
    import tiny

    tiny.register()
    path = files.parent / "my.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        collection.add(sorted(files.iterdir()))
        collection.add([NewItem("a red boat", id="boat", metadata={"year": 2020})])
        collection.add([NewItem(files / "green.png", id="told", captions=["a dark frog"])])
        collection.add([NewItem(files / "low.wav", id="heard", captions=["a dark horn"])])
    return path


@pytest.fixture
def rm(path: Path) -> Iterator[AnysenseRM]:
    rm = AnysenseRM(path)
    yield rm
    rm.close()


def first(passages: list[AnysensePassage], kind: str) -> AnysensePassage:
    return next(passage for passage in passages if passage.hit.kind == kind)


# Passages


def test_passages_have_the_words_of_hits(rm: AnysenseRM) -> None:
    passages = rm("red boat")
    assert len(passages) == 3
    assert passages[0].long_text == "a red boat"
    assert passages[0].hit.id == "boat"
    assert passages[0].hit.metadata == {"year": 2020}


def test_pictures_and_sounds_say_what_they_are(rm: AnysenseRM, files: Path) -> None:
    passages = rm("red low", k=20)
    red, low = files / "red.png", files / "low.wav"
    texts = [passage.long_text for passage in passages]
    assert f"{red.resolve()} (image)" in texts
    assert f"{low.resolve()}, 0:00-0:01 (audio)" in texts
    told = rm("dark frog", k=1, modalities=["text"])
    assert told[0].long_text == f"{(files / 'green.png').resolve()}, caption (image): a dark frog"


def test_a_call_may_ask_otherwise_than_always(path: Path) -> None:
    rm = AnysenseRM(path, k=9, modalities=["text"], where="year exists", min_score=-9)
    assert [passage.hit.id for passage in rm("green")] == ["boat"]
    assert len(rm("green", where=None, k=2)) == 2
    assert rm("green", min_score=99) == []
    with pytest.raises(UsageError):
        rm("green", k=0)
    with pytest.raises(TypeError, match="colour"):
        rm("green", colour="red")


def test_pictures_and_sounds_ask_as_words_do(rm: AnysenseRM, files: Path) -> None:
    picture = dspy.Image((files / "red.png").read_bytes())
    data = base64.b64encode((files / "low.wav").read_bytes()).decode()
    sound = dspy.Audio(data=data, audio_format="wav")
    assert rm(picture, k=1)[0].hit.source.endswith("red.png")
    assert first(rm(sound, k=20), "audio").hit.source.endswith("low.wav")
    assert len(rm([picture, sound, "red"], k=4)) == 4


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (lambda: dspy.Image("https://example.org/red.png"), "address https://example.org"),
        (lambda: dspy.Image("data:image/png,red"), "address data:image/png"),
        (lambda: dspy.Image("data:image/png;base64,=red"), "no base64"),
        (lambda: dspy.Audio(data="!", audio_format="wav"), "no base64"),
    ],
)
def test_what_is_no_media_is_refused(rm: AnysenseRM, query: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rm(query())


def test_a_collection_that_is_not_there_is_told_when_it_is_asked(tmp_path: Path) -> None:
    rm = AnysenseRM(tmp_path / "no.anysense")
    with pytest.raises(CollectionNotFoundError):
        rm("red")


# Media


def test_a_picture_is_one_of_dspy(rm: AnysenseRM) -> None:
    passage = first(rm("red", k=20), "image")
    image = image_of(passage)
    head, _, data = image.url.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (24, 24)
    assert image_of(passage.hit) == image
    [part] = image.format()
    assert part["type"] == "image_url"


def test_a_page_is_a_picture(rm: AnysenseRM) -> None:
    assert image_of(first(rm("blue page", k=20), "document")).url.startswith("data:image/jpeg")


def test_a_sound_is_one_of_dspy(rm: AnysenseRM) -> None:
    audio = audio_of(first(rm("low", k=20), "audio"))
    assert audio.audio_format == "wav"
    assert base64.b64decode(audio.data)[:4] == b"RIFF"


def test_a_sound_that_was_found_by_words_is_given_whole(rm: AnysenseRM) -> None:
    [heard] = rm("dark horn", k=1, modalities=["text"], where={"id": "heard"})
    assert heard.hit.origin == "caption"
    data = io.BytesIO(base64.b64decode(audio_of(heard).data))
    with wave.open(data) as sound:
        assert sound.getnframes() == sound.getframerate() == 8000


def test_what_cannot_be_given_is_told(rm: AnysenseRM) -> None:
    passages = rm("red low", k=20)
    picture, sound = first(passages, "image"), first(passages, "audio")
    with pytest.raises(UnsupportedMediaError):
        image_of(sound)
    with pytest.raises(UnsupportedMediaError, match="no sound"):
        audio_of(picture)
    with pytest.raises(MediaTooLargeError, match="no picture of"):
        image_of(picture, max_bytes=10)
    with pytest.raises(MediaTooLargeError, match="no clip"):
        audio_of(sound, max_bytes=10)


# In modules


class Answer(dspy.Module):  # type: ignore[misc]
    """Answers from what dspy.Retrieve finds."""

    def __init__(self) -> None:
        super().__init__()
        self.retrieve = dspy.Retrieve(k=2)
        self.answer = dspy.ChainOfThought("context: list[str], question -> answer")

    def forward(self, question: str) -> Any:
        context = self.retrieve(question).passages
        return self.answer(context=context, question=question)


class Look(dspy.Module):  # type: ignore[misc]
    """Looks at what was found."""

    def __init__(self, rm: AnysenseRM) -> None:
        super().__init__()
        self.rm = rm
        self.look = dspy.Predict("image: dspy.Image, sound: dspy.Audio, question -> answer")

    def forward(self, question: str) -> Any:
        found = self.rm(question, k=20)
        image, sound = image_of(first(found, "image")), audio_of(first(found, "audio"))
        return self.look(image=image, sound=sound, question=question)


def asked(lm: DummyLM) -> str:
    return str(lm.history[-1]["messages"])


def test_a_module_answers_from_what_the_retrieval_model_finds(rm: AnysenseRM) -> None:
    lm = DummyLM([{"reasoning": "it says so", "answer": "red"}])
    with dspy.context(lm=lm, rm=rm):
        assert Answer()("Which boat is red?").answer == "red"
    assert "a red boat" in asked(lm)


def test_a_module_sees_and_hears_what_was_found(rm: AnysenseRM) -> None:
    lm = DummyLM([{"answer": "red"}, {"answer": "low"}])
    module = Look(rm)
    with dspy.context(lm=lm):
        assert module("red low").answer == "red"
        assert "data:image/jpeg;base64," in asked(lm)
        assert "input_audio" in asked(lm)
        assert module.deepcopy()("red low").answer == "low"  # as optimizers do
    assert copy.deepcopy(module).rm is rm

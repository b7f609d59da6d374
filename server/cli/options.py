"""Options and arguments that several commands have."""

from __future__ import annotations

import click

__all__ = [
    "BATCH_SIZE",
    "COLLECTION",
    "DEVICE",
    "ENCODERS",
    "ENCODING",
    "EXCLUDE",
    "JSON",
    "KIND",
    "NO_IGNORE",
    "OCR",
    "OUTPUT",
    "PARTS",
    "PROFILE",
    "PROFILE_NAMES",
    "RAY",
    "RAY_ACTORS",
    "SIDECARS",
    "TRANSCRIBE",
    "WHERE",
    "WORKERS",
]

PROFILE_NAMES = ("starter", "standard", "best", "speech")

BATCH_SIZE = click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inputs that a model takes at once.",
)
COLLECTION = click.argument("path", metavar="COLLECTION")
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where models run.",
)
ENCODERS = click.option(
    *("--encoder", "encoders"),
    multiple=True,
    metavar="NAME",
    help="A model that encodes, such as openclip:ViT-B-32/laion2b_s34b_b79k; may be given again.",
)
OUTPUT = click.option(
    "-o", "--output", required=True, metavar="COLLECTION", help="The collection's folder."
)
PROFILE = click.option(
    "--profile",
    type=click.Choice(PROFILE_NAMES),
    help="A set of models that fit together, instead of --encoder.",
)
RAY = click.option(
    "--ray",
    metavar="ADDRESS",
    help="Let the actors of a Ray cluster encode: `auto` for the one that this machine is part of, "
    "`local` for one of its own on this machine, HOST:PORT, or ray://HOST:PORT.",
)
RAY_ACTORS = click.option(
    "--ray-actors",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many actors; one for each GPU, or for each four processors, if not given.",
)
PARTS = click.option(
    "--parts",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="With --ray, where actors leave what they have encoded until it is merged: a folder that "
    "all machines share; one in the collection if not given.",
)
KIND = click.option(
    "--kind",
    "kinds",
    type=click.Choice(["text", "image", "audio", "video", "document"]),
    multiple=True,
    help="Only items of this kind; may be given again.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _refuse_empty(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty expression: it may be a variable of a script that was never set."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty; leave it out to take every item.")
    return value


WHERE = click.option(
    "--where",
    metavar="EXPR",
    callback=_refuse_empty,
    help="Only items that this holds for, such as \"year >= 2020 and camera.model = 'X'\"; all of "
    "what it takes is in docs/filters.md.",
)


def _check_encoding(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    from anysense.embed.media.document.charset import check_encoding

    check_encoding(value)
    return value


ENCODING = click.option(
    "--encoding",
    metavar="NAME",
    callback=_check_encoding,
    help="What texts are in that are not UTF-8, such as cp1250; by default that is told "
    "from each, or it is left out. Of texts of an earlier build, with --retry-failed or --reread.",
)


def _check_ocr(ctx: click.Context, parameter: click.Parameter, value: bool | None) -> bool | None:
    if value:
        from anysense.embed.media.extras import check_ocr

        check_ocr()
    return value


OCR = click.option(
    "--ocr/--no-ocr",
    default=None,
    callback=_check_ocr,
    help="Read the words in pictures, and on pages without text, so that they are found by them: "
    "pip install 'anysense[ocr]'. The collection keeps it, and pictures that it has are read "
    "again. It takes far longer than looking at them, so at first it is not done. A collection "
    "whose encoders take texts alone has pictures for their words.",
)
TRANSCRIBE = click.option(
    "--transcribe",
    metavar="MODEL",
    help="Write down what is said in sounds and videos, so that they are found by it, with a "
    "Whisper such as openai/whisper-small (`anysense models pull whisper:openai/whisper-small`) or "
    "one in a folder: pip install 'anysense[speech]'. The collection keeps it, and sounds that it "
    "has are read again; '' for none. A collection whose encoders take texts alone has sounds and "
    "videos for what is said in them.",
)
EXCLUDE = click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="What to leave out of folders and globs, as written in .gitignore: '*.tmp.jpg', "
    "'drafts/', '/private'; '!' before it takes back in what another pattern leaves out. May be "
    "given again.",
)
NO_IGNORE = click.option(
    "--no-ignore",
    is_flag=True,
    help="Read also what files named .gitignore and .ignore leave out.",
)
SIDECARS = click.option(
    "--no-sidecars",
    is_flag=True,
    help="Leave out the words about pictures and sounds that lie beside their files or in them, "
    "and metadata beside files; texts beside them are items of their own then.",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads that read and decode; by default one for each processor.",
)

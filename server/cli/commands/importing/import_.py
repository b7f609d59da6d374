"""`anysense import`."""

from __future__ import annotations

from pathlib import Path

import click

from anysense.server.cli.commands.importing.running import Import, import_into
from anysense.server.cli.options import DEVICE, JSON, OUTPUT

__all__ = ["import_"]

ENCODER = click.option(
    "--encoder",
    metavar="NAME",
    help="The model that made the vectors, such as openclip:ViT-B-32/laion2b_s34b_b79k. Needed for "
    "a new collection, and for one that has several.",
)
ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Below which the files are that rows name: a few are encoded again, to see that the model "
    "is right, and items keep theirs. Without it no file is looked at.",
)


@click.group("import", short_help="Take in vectors that were made elsewhere.")
def import_() -> None:
    """Take in vectors that were made elsewhere.

    Nothing is encoded but a few texts and files, to see that the vectors are of the model that is
    named: those of another would find nothing, and are refused.

    What is in the collection already is not written again, so an import that was stopped goes on
    with the same command, and another one brings in what is new or has changed.
    """


@import_.command("clip-retrieval", short_help="Take in a folder that clip-retrieval has written.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@OUTPUT
@ENCODER
@ROOT
@DEVICE
@JSON
def clip_retrieval_command(
    folder: str,
    output: str,
    encoder: str | None,
    root: str | None,
    device: str,
    as_json: bool,
) -> int:
    """Take in a folder that `clip-retrieval inference` has written.

    DIR has img_emb/*.npy, text_emb/*.npy or both, and metadata/*.parquet, paired by the numbers in
    their names. Each row is an item: a picture, with its caption as a second segment where that has
    a vector, or a text. Its url, else its image_path, is its source, and all columns are metadata.
    Vectors that are zero or not finite are left out, listed, and make the exit status 3.

    \b
      anysense import clip-retrieval embeddings/ --encoder openclip:ViT-B-32/openai -o my.anysense
    """  # noqa: D301 - click reads the \b itself
    from anysense.index.importing.clip_retrieval import ClipRetrievalFolder

    target = Import(output, encoder, device, root, as_json=as_json)
    return import_into(target, lambda space: ClipRetrievalFolder(folder, space.dimension))


@import_.command("vectors", short_help="Take in vectors from .npy or Parquet files.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False),
)
@OUTPUT
@ENCODER
@click.option(
    "--modality",
    type=click.Choice(["text", "image", "audio"]),
    help="What vectors were made from whose row does not say it.",
)
@click.option(
    "--ids",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Of .npy files: a text file with an id a line, for all their rows in order.",
)
@click.option(
    "--metadata",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Of .npy files: rows (JSONL, CSV, Parquet) for all their rows in order, with the columns "
    "that Parquet files have.",
)
@ROOT
@DEVICE
@JSON
def vectors_command(
    files: tuple[str, ...],
    output: str,
    encoder: str | None,
    modality: str | None,
    ids: str | None,
    metadata: str | None,
    root: str | None,
    device: str,
    as_json: bool,
) -> int:
    """Take in vectors from .npy or Parquet files.

    A .npy file is an array of floats of 16, 32 or 64 bits with a row for each vector. Without --ids
    and --metadata rows are called after their file and place, such as photos/17.

    A Parquet file has the columns id and vector (lists of floats) and optionally modality (text,
    image or audio), text, source (a path or an address), and others, which are metadata. The text
    of what is no text is metadata too.

    Ids that come twice, and vectors of another length, zero or not finite, are told with their
    rows, and then nothing is imported.

    \b
      anysense import vectors photos.npy --metadata photos.jsonl --modality image \\
        --encoder openclip:ViT-B-32/laion2b_s34b_b79k -o photos.anysense
    """  # noqa: D301 - click reads the \b itself
    from anysense.embed.types import Modality
    from anysense.index.importing.vector_files import open_vector_files

    paths = [Path(file) for file in files]
    target = Import(output, encoder, device, root, as_json=as_json)
    return import_into(
        target,
        lambda space: open_vector_files(
            paths,
            dimension=space.dimension,
            modality=Modality(modality) if modality is not None else None,
            ids=ids,
            metadata=metadata,
        ),
    )

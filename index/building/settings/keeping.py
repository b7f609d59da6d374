"""What a build is told of how files are to be read, kept with the collection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.index.building.settings.cutting import note_overlap, note_video_fps
from anysense.index.building.settings.recognition import note_recognition

if TYPE_CHECKING:
    from anysense.index.building.options import BuildOptions
    from anysense.index.building.report import BuildReport
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["keep_settings"]


def keep_settings(
    folder: CollectionFolder, options: BuildOptions, report: BuildReport
) -> BuildOptions:
    """Keep what options say for all builds to come, and note in a report what has changed by it.

    Returns:
        The options, by which what could not be read is tried again where more is recognised: a
        scan may have been refused for its lack of text.

    Raises:
        UsageError: a number is out of its range, or an extra is missing.
    """
    if options.overlap is not None:
        report.has_new_overlap = note_overlap(folder, options.overlap)
    if options.video_fps is not None:
        report.has_new_video_fps = note_video_fps(folder, options.video_fps)
    if note_recognition(folder, ocr=options.ocr, transcribe=options.transcribe):
        return replace(options, retry_failed=True)
    return options

"""Give a collection other encoders while it is searched, and added to, with those that it has.

Every item whose content can be read again is encoded by the new ones. Until each has its vectors
no search sees any of them; then one step makes the new encoders those that searches go by, and what
the old ones are not needed for any more is deleted. It may be stopped, or killed, at any instant:
the next run goes on from what was written.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, RemovalError, UsageError
from anysense.index.bridging.published import kept_bridges, needed_bridges
from anysense.index.catalog.spaces import item_ids_outside
from anysense.index.folder.lock import end_turns, only_one_reencodes
from anysense.index.folder.progress import ProgressNote
from anysense.index.publishing.switching import (
    begin,
    encoders_after,
    give_up,
    seen_keys,
    sweep_some,
    switch,
)
from anysense.index.publishing.tuning import fit_tuning, with_bridges
from anysense.index.reencoding.encoding import Reencoder, has_turn
from anysense.index.reencoding.report import ReencodeReport
from anysense.index.snapshots.manifest import BRIDGES, EncoderEntry, Manifest, Reencoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import Encoder
    from anysense.index.folder.folder import CollectionFolder
    from anysense.index.publishing.publisher import Publisher
    from anysense.index.reencoding.report import ReencodeProgress
    from anysense.index.snapshots.manifest import Tuning
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["reencode"]


def reencode(
    folder: CollectionFolder,
    load: Callable[[Sequence[str]], list[Encoder]],
    encoders: Sequence[str] = (),
    *,
    drop: Sequence[str] = (),
    restart: bool = False,
    abandon: bool = False,
    allow_removal: bool = False,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: ReencodeProgress | None = None,
) -> ReencodeReport:
    """Give a collection other encoders, or go on with that.

    `load` gives encoders by their names; what the other arguments mean, and what is raised, says
    `anysense.index.collection.Collection.reencode`.
    """
    with only_one_reencodes(folder.path), ProgressNote(folder.path) as note:
        run = _Run(folder, load, partial(_tell, progress, note), allow_removal)
        try:
            return run.run(list(encoders), list(drop), restart, abandon, batch_size, workers)
        finally:
            end_turns(folder.path)


def _tell(
    progress: ReencodeProgress | None, note: ProgressNote, doing: str, done: int, total: int
) -> None:
    """Tell a step to whoever has asked, and to other processes."""
    if doing == "encode":
        note.tell("reencode", done, total)
    elif doing == "publish":
        note.tell("publish", done, total)
    if progress is not None:
        progress(doing, done, total)


class _Run:
    def __init__(
        self,
        folder: CollectionFolder,
        load: Callable[[Sequence[str]], list[Encoder]],
        progress: ReencodeProgress,
        allow_removal: bool,
    ) -> None:
        self._folder = folder
        self._load = load
        self._progress = progress
        self._allow_removal = allow_removal
        self._report = ReencodeReport()

    def run(
        self,
        names: list[str],
        drop: list[str],
        restart: bool,
        abandon: bool,
        batch_size: int | None,
        workers: int | None,
    ) -> ReencodeReport:
        started, report = time.monotonic(), self._report
        before = self._manifest()
        if before.dropped and _is_switched(before, names, drop):
            names, drop = [], []  # what was stopped while it deleted goes on by the same command
        self._check_drop(before, drop)
        if abandon and before.reencoding is None:
            raise UsageError(f"{self._folder.path} is not being encoded with another model.")
        if abandon or restart:
            self._give_up(before)
        if not abandon:
            reencoding, loaded = self._begin(names, drop, had_some=bool(before.dropped))
            if reencoding is not None:
                reencoder = Reencoder(
                    self._folder, reencoding, loaded, report, self._progress, batch_size, workers
                )
                self._switch(reencoder, reencoding, loaded)
        self._sweep()
        manifest = self._manifest()
        report.encoders = [entry.name for entry in manifest.encoders]
        stay = {(entry.name, entry.space) for entry in manifest.encoders}
        report.dropped = [e.name for e in before.encoders if (e.name, e.space) not in stay]
        report.generation = 0 if manifest.generation is None else manifest.generation.number
        report.seconds = time.monotonic() - started
        return report

    def _manifest(self) -> Manifest:
        return self._folder.snapshot().manifest

    # What is to be done

    def _check_drop(self, manifest: Manifest, drop: Sequence[str]) -> None:
        coming = manifest.reencoding.encoders if manifest.reencoding is not None else ()
        known = [entry.name for entry in manifest.encoders]
        for name in drop:
            if name in [entry.name for entry in coming] and name not in known:
                raise UsageError(
                    f"{self._folder.path} is being encoded with {name}: --abandon leaves that."
                )
            if name not in known:
                raise UsageError(
                    f"{self._folder.path} has no encoder {name} to drop; it has {', '.join(known)}."
                )

    def _give_up(self, manifest: Manifest) -> None:
        if manifest.reencoding is not None:
            with has_turn(self._folder, self._wait) as publisher:
                give_up(publisher)

    def _begin(
        self, names: list[str], drop: list[str], *, had_some: bool
    ) -> tuple[Reencoding | None, list[Encoder]]:
        """What is under way from now on, with its encoders; None if there is nothing to do."""
        path, manifest = self._folder.path, self._manifest()
        pending = manifest.reencoding
        if pending is None:
            if not names and not drop:
                if had_some:  # and a run before was stopped while it deleted them
                    return None, []
                raise UsageError(f"Nothing to do for {path}: name a model with --encoder.")
            loaded = self._loaded(names)
            entries = [EncoderEntry(n, e.space) for n, e in zip(names, loaded, strict=True)]
            self._check_new(manifest, entries, drop)
            if not names:
                return Reencoding((), drop), []
            self._sweep()
            with has_turn(self._folder, self._wait) as publisher:
                begin(publisher, entries, drop)
        else:
            under_way = [entry.name for entry in pending.encoders]
            if names and names != under_way:
                raise UsageError(
                    f"{path} is being encoded with {', '.join(under_way)} already: go on with "
                    f"`anysense reencode {path}`, or add --restart to begin anew with "
                    f"{', '.join(names)}, or --abandon to leave it as it was."
                )
            loaded = self._loaded(under_way)
            for entry, encoder in zip(pending.encoders, loaded, strict=True):
                if entry.space != encoder.space:
                    raise UsageError(
                        f"{entry.name} has changed since {path} began to be encoded with it: add "
                        f"--encoder {entry.name} --restart to begin anew."
                    )
            # Whoever names the encoders again says all that is wanted, also that nothing goes.
            if (names or drop) and drop != list(pending.drop):
                with has_turn(self._folder, self._wait) as publisher:
                    publisher.rename(partial(_with_drop, drop=drop))
        reencoding = self._manifest().reencoding
        assert reencoding is not None
        return reencoding, loaded

    def _loaded(self, names: list[str]) -> list[Encoder]:
        if len(set(names)) < len(names):
            raise UsageError("Give each encoder only once.")
        return self._load(names) if names else []

    def _check_new(
        self, manifest: Manifest, entries: Sequence[EncoderEntry], drop: Sequence[str]
    ) -> None:
        path = self._folder.path
        present = [entry.space for entry in manifest.encoders]
        if len({entry.space.id for entry in entries}) < len(entries):
            raise UsageError("Two of these encoders have the same space.")
        for entry in entries:
            if entry.space in present:
                raise UsageError(
                    f"{path} is encoded with {entry.name} already: leave it out, and give --drop "
                    "alone to take away another one."
                )
            if entry.name in drop and all(entry.name != e.name for e in manifest.encoders):
                raise UsageError(f"{entry.name} cannot come and go at once.")
        if not encoders_after(manifest, Reencoding(entries, drop)):
            raise UsageError(f"{path} needs at least one encoder: it cannot drop its last one.")

    def _wait(self) -> None:
        self._progress("wait", 0, 0)

    # Doing it

    def _switch(self, reencoder: Reencoder, reencoding: Reencoding, loaded: list[Encoder]) -> None:
        """Encode what lacks vectors, and let searches go by them as soon as nothing does."""
        while True:
            if reencoding.encoders:
                reencoder.run()
            tune = self._prepare_tuning(reencoding, loaded)
            with has_turn(self._folder, self._wait) as publisher:
                if reencoding.encoders and reencoder.is_due():
                    continue  # something was added meanwhile
                removed = self._check_losses(publisher, reencoding)
                tell = partial(self._progress, "publish")
                switch(publisher, reencoding, tune, tell)
            self._report.removed += self._folder.remove(removed) if removed else 0
            return

    def _check_losses(self, publisher: Publisher, reencoding: Reencoding) -> list[str]:
        """The ids of the items that would be found no more.

        Raises:
            RemovalError: there are some, and they may not go.
        """
        after = encoders_after(self._manifest(), reencoding)
        outside = item_ids_outside(publisher.views.catalog, seen_keys(publisher, after))
        if not outside or self._allow_removal:
            return outside
        reasons = {item.id: item.reason for item in self._report.missing}
        named = next((name for name in outside if name in reasons), outside[0])
        item = self._folder.snapshot().item(named)
        taken = ", ".join(entry.name for entry in after)
        why = reasons.get(named, f"{item.kind}, which {taken} cannot encode")
        items = "1 item" if len(outside) == 1 else f"{len(outside):,} items"
        raise RemovalError(
            f"{items} of {self._folder.path} would be found no more, such as {item.source} "
            f"({why}): leave --drop out to keep what has vectors of them, or remove them with "
            "--yes (allow_removal=True)."
        )

    def _prepare_tuning(
        self, reencoding: Reencoding, loaded: list[Encoder]
    ) -> Callable[[Snapshot], Tuning]:
        """What fits the calibrations at the switch, and the bridges, if there were any before."""
        snapshot = self._folder.snapshot()
        after = encoders_after(snapshot.manifest, reencoding)
        pairs = {(a.id, b.id) for a, b in needed_bridges([entry.space for entry in after])}
        changed = Manifest("", "", after, tuning=snapshot.manifest.tuning)
        kept = kept_bridges(changed, snapshot.arrays).sections[BRIDGES]
        lacking = pairs - {(entry["source"], entry["target"]) for entry in kept}
        if not lacking:
            return partial(fit_tuning, encoders=loaded)
        if not snapshot.manifest.tuning.get(BRIDGES):
            self._report.lacks_bridges = True
            return partial(fit_tuning, encoders=loaded)
        return self._bridging(after, loaded, {name for pair in pairs for name in pair})

    def _bridging(
        self, after: Sequence[EncoderEntry], loaded: list[Encoder], joined: set[str]
    ) -> Callable[[Snapshot], Tuning]:
        from anysense.index.bridging.captions import encode_anchors, read_anchors
        from anysense.index.bridging.fit import fit_bridges

        captions = read_anchors(None)
        others = [e.name for e in after if e.space not in [encoder.space for encoder in loaded]]
        try:
            every = [*loaded, *(self._load(others) if others else ())]
            for encoder in every:  # now, as nobody can write while it is published
                if encoder.space.id in joined:
                    encode_anchors(encoder, captions)
        except AnysenseError:
            self._report.lacks_bridges = True  # of a model that is not here any more
            return partial(fit_tuning, encoders=loaded)

        def tune(snapshot: Snapshot) -> Tuning:
            bridges, _ = fit_bridges(snapshot, lambda: every, captions)
            return with_bridges(snapshot, every, bridges)

        return tune

    def _sweep(self) -> None:
        """Delete what was dropped or given up, a batch at a time."""
        done = not self._manifest().dropped
        while not done:
            with has_turn(self._folder, self._wait) as publisher:
                done = sweep_some(publisher)
            self._progress("sweep", 0, 0)


def _is_switched(manifest: Manifest, names: Sequence[str], drop: Sequence[str]) -> bool:
    """Whether a collection has the encoders that are asked for, and no longer those to go."""
    present = {entry.name for entry in manifest.encoders}
    return manifest.reencoding is None and present.issuperset(names) and present.isdisjoint(drop)


def _with_drop(manifest: Manifest, drop: Sequence[str]) -> Manifest:
    assert manifest.reencoding is not None
    return replace(manifest, reencoding=replace(manifest.reencoding, drop=list(drop)))

"""A service, asked from a thread that waits for the answer."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from anysense.embed.errors import ItemNotFoundError, StorageError
from anysense.index.ranking.options import SearchOptions
from anysense.index.types import NewItem
from anysense.server.client.calls import Call, Calls
from anysense.server.client.connection import RETRIES, TIMEOUT_SECONDS, Connection
from anysense.server.client.refusals import check_answer, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import httpx
    from PIL.Image import Image

    from anysense.embed.types import FloatArray, Kind, Waveform
    from anysense.index.catalog.records import Item
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.hits import Hits
    from anysense.index.hits.media import MediaFile
    from anysense.index.ranking.query import Query
    from anysense.server.client.links import Upload
    from anysense.server.client.results import Added, CollectionInfo, ItemPage, Job, Model, Status

__all__ = ["Client", "batches", "count_removed", "new_item"]

T = TypeVar("T")
BATCH_ITEMS = 1000
"""As many as a service takes in one request, of texts to add or ids to remove."""
BATCH_CHARACTERS = 4_000_000
PAGE_ITEMS = 100


class Client:
    """A service of anysense, as a whole. Safe to use from many threads.

    Requests that find the service busy (429), starting (503) or not there are sent again, after
    the time that it names or longer and longer ones. Neither torch nor FAISS is loaded.

    >>> with Client("http://127.0.0.1:8000") as client:
    ...     client.add(Path("waves.ogg"))
    ...     client.search("the sea")
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        collection: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        """Ask a service; nothing is sent yet.

        Args:
            url: its address, such as ``http://127.0.0.1:8000``.
            api_key: a key of it, if it has keys.
            collection: the name of one of its collections; its first one if None.
            timeout: how many seconds to wait for the next part of an answer.
            retries: how often a request is sent again.

        Raises:
            UsageError: one of them is wrong.
        """
        self._connection = Connection(url, api_key, collection, timeout, retries)
        self._calls = Calls(self._connection, self)
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None

    def close(self) -> None:
        """Close the connections. Those that are needed later are opened again."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._connection.url!r})"

    # Searching

    def search(self, query: Query, k: int = 10, **options: Any) -> Hits:
        """The k items that match a query best; see `anysense.Retriever.retrieve`.

        Raises:
            AnysenseError: as a collection of this machine would; `ServiceError` if the service
                does not answer.
        """
        return self.ask(query, SearchOptions(k=k, **options))

    def ask(self, query: Query, options: SearchOptions) -> Hits:
        """What `search` does, for options that are checked."""
        return self._send(self._calls.search(query, options))

    def explain(self, query: Query, item_id: str, **options: Any) -> Explanation:
        """Why a search finds an item; see `anysense.Retriever.explain`."""
        return self.ask_why(query, item_id, SearchOptions(**options))

    def ask_why(self, query: Query, item_id: str, options: SearchOptions) -> Explanation:
        """What `explain` does, for options that are checked."""
        return self._send(self._calls.explain(query, item_id, options))

    def keep(self, content: Path | bytes | Image | Waveform) -> Upload:
        """Let the service keep a picture or a sound, for links that search by it."""
        return self._send(self._calls.keep(new_item(content, None, None)))

    # Items

    def add(
        self,
        content: str | Path | bytes | Image | Waveform | NewItem,
        *,
        id: str | None = None,  # noqa: A002 - as it is called everywhere
        metadata: Mapping[str, Any] | None = None,
    ) -> Item:
        """Add a text (`str`), or a file; it is on the service's disk when this returns.

        What is there already by its content, and has no id, is given as it is there.

        Args:
            content: a file (`pathlib.Path`) is sent as it is read; a `NewItem` has the rest too.
            id: made if it is None; an item of the same id is replaced.
            metadata: anything that JSON can hold.
        """
        return self._send(self._calls.add(new_item(content, id, metadata)))

    def add_texts(self, items: Iterable[str | NewItem]) -> list[Added]:
        """Add many texts, as many in one request as it takes; one that is wrong stops no other."""
        added: list[Added] = []
        for batch in batches(items):
            added += self._send(self._calls.add_texts(batch))
        return added

    def add_later(self, items: Iterable[str | NewItem]) -> list[Job]:
        """Hand over many texts; the service adds them by and by. See `job`."""
        return [self._send(self._calls.add_later(batch)) for batch in batches(items)]

    def job(self, job_id: str) -> Job:
        """How items that are added later stand."""
        return self._send(self._calls.job(job_id))

    def item(self, item_id: str) -> Item:
        """An item with its segments.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        return self._send(self._calls.item(item_id))

    def items(
        self,
        where: str | None = None,
        *,
        order: str = "added",
        kinds: Sequence[Kind | str] | None = None,
    ) -> Iterator[Item]:
        """Every item, without its segments, page by page as they are asked for.

        Args:
            where: a filter over metadata, as text.
            order: ``added``, or ``-added`` for the newest first.
            kinds: only items of these.
        """
        cursor = None
        while True:
            page = self.page(where, order=order, cursor=cursor, kinds=kinds)
            yield from page.items
            if page.next_cursor in (None, cursor):  # a page that is told twice would never end
                return
            cursor = page.next_cursor

    def page(
        self,
        where: str | None = None,
        *,
        order: str = "added",
        limit: int = PAGE_ITEMS,
        cursor: str | None = None,
        kinds: Sequence[Kind | str] | None = None,
    ) -> ItemPage:
        """Some of the items; see `items`. `cursor` is the `next_cursor` of the page before."""
        return self._send(self._calls.items(where, order, limit, cursor, kinds))

    def describe(self, item_id: str, metadata: Mapping[str, Any]) -> Item:
        """Change an item's metadata, as a JSON merge patch does: a value of None removes one."""
        return self._send(self._calls.describe(item_id, metadata))

    def remove(self, ids: str | Sequence[str]) -> int:
        """Remove items, with the files that were uploaded for them; how many of these there were.

        Raises:
            AnysenseError: one of them could not be removed.
        """
        listed = [ids] if isinstance(ids, str) else list(ids)
        calls = (
            self._calls.remove(listed[start : start + BATCH_ITEMS])
            for start in range(0, len(listed), BATCH_ITEMS)
        )
        removed: int = sum(count_removed(self._send(call)) for call in calls)
        return removed

    # Their files

    def media(self, item_id: str) -> MediaFile:
        """The file of an item.

        Raises:
            NoMediaError, MediaGoneError: it has none, or none any more.
        """
        return self._send(self._calls.media(item_id))

    def thumbnail(
        self, item_id: str, width: int = 320, page: int | None = None, start: float | None = None
    ) -> MediaFile:
        """A small JPEG of a picture, a page of a PDF, or what a video shows from `start` on."""
        return self._send(self._calls.thumbnail(item_id, width, page, start))

    def clip(self, item_id: str, start: float, end: float) -> MediaFile:
        """Some seconds of a sound, as a WAV file, or of a video, as an MP4 file."""
        return self._send(self._calls.clip(item_id, start, end))

    def download(self, item_id: str, path: Path) -> None:
        """Write the file of an item to a path, as it comes: whole, or not at all.

        Raises:
            StorageError: the disk refused.
            CollectionError: as for `media`.
        """
        call = self._calls.media(item_id)
        with (
            self._reached() as http,
            http.stream(call.method, call.url, **call.arguments()) as response,
        ):
            if not response.is_success:
                response.read()
            check_answer(response)
            with _written(path) as file:
                for block in response.iter_bytes():
                    file.write(block)

    # Vectors

    def embed(
        self,
        inputs: str | Path | bytes | Sequence[Any],
        *,
        model: str | None = None,
        dimensions: int | None = None,
    ) -> FloatArray:
        """The vectors of texts, pictures and sounds: float32 of shape (n, d), each of length 1.

        Args:
            inputs: one, or several: texts (`str`), files (`pathlib.Path`) or their bytes, PIL
                images, `Waveform`.
            model: one of `models`; the first if None.
            dimensions: shorter vectors, of models that are made for it.
        """
        several = inputs if isinstance(inputs, list | tuple) else [inputs]
        return self._send(self._calls.embed(several, model, dimensions))

    # The service

    def models(self) -> list[Model]:
        """The encoders of the collections that are served."""
        return self._send(self._calls.models())

    def collections(self) -> list[CollectionInfo]:
        """The collections that are served, the first one first."""
        return self._send(self._calls.collections())

    def info(self) -> dict[str, Any]:
        """What is in the collection: counts, sizes, encoders, recall."""
        return self._send(self._calls.info())

    def health(self) -> Status:
        """How the service is, if it answers at all."""
        return self._send(self._calls.health())

    def ready(self) -> Status:
        """Whether searches can be answered now, and if not, why not."""
        return self._send(self._calls.ready())

    # How

    def _send(self, call: Call[T]) -> T:
        try:
            with self._reached() as http:
                response = http.request(call.method, call.url, **call.arguments())
        finally:
            call.close()
        return call.answer(response)

    @contextmanager
    def _reached(self) -> Iterator[httpx.Client]:
        import httpx

        with self._lock:
            http = self._http = self._http or _new_client(self._connection)
        try:
            yield http
        except httpx.HTTPError as error:
            raise unreachable(self._connection, error) from error


def _new_client(connection: Connection) -> httpx.Client:
    import httpx

    return httpx.Client(**connection.options(httpx.HTTPTransport(verify=connection.is_secure)))


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file beside a path that takes its place when the block ends, and only then."""
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def new_item(content: Any, item_id: str | None, metadata: Mapping[str, Any] | None) -> NewItem:
    """What is to be added, from whatever was given."""
    if isinstance(content, NewItem):
        return content
    return NewItem(content, item_id, metadata=metadata or {})


def batches(items: Iterable[str | NewItem]) -> Iterator[list[NewItem]]:
    """Texts, as many together as fit one request."""
    batch: list[NewItem] = []
    characters = 0
    for entry in items:
        item = new_item(entry, None, None)
        size = len(item.content) if isinstance(item.content, str) else 0
        if batch and (len(batch) == BATCH_ITEMS or characters + size > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(item)
        characters += size
    if batch:
        yield batch


def count_removed(results: Sequence[Added]) -> int:
    """How many were removed.

    Raises:
        AnysenseError: one could not be, though it is there.
    """
    for result in results:
        if result.error is not None and not isinstance(result.error, ItemNotFoundError):
            raise result.error
    return [result.error for result in results].count(None)

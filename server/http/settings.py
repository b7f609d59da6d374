"""What the service accepts, with every default in one place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from anysense.server.http.access.rates import Rate
from anysense.server.http.addresses import Folder, Host, Network, Origin, RootPath

__all__ = ["LOOPBACK_HOSTS", "PREFIX", "Settings"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
PREFIX = "ANYSENSE_"
"""What the names of settings begin with in the environment."""


def read_rate(value: Any) -> Any:
    return Rate.parse(value) if isinstance(value, str) else value


WrittenRate = Annotated[Rate, BeforeValidator(read_rate)]
Threads = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """How the service behaves, and the longest bodies it reads.

    What is not given comes from the environment (`ANYSENSE_PORT=8080`; of several values, with
    commas between them), or else is the default; `configuration.load_settings` also reads a file.

    What one image, sound or text may hold is in `anysense.embed.limits`; what ids, metadata and
    filters may be is in `anysense.server.http.schemas`.

    Attributes:
        collections: the collections that `anysense serve` opens, each as PATH or NAME=PATH.
        host: the address to listen at. Beyond loopback only with keys, or with `insecure`.
        port: the port; 0 for any that is free.
        device: where models run.
        log_level: how much of uvicorn's log is written.
        api_key: the one key that may read and write. On no command line, which others could see.
        api_key_file: the file of keys that `anysense keys` writes. A change is noticed.
        insecure: listen beyond loopback without keys, for everybody to read and to change.
        allowed_hosts: the host names, without a port, that a request may be addressed to; ``*``
            allows every name. A page on another site can point a name of its own at 127.0.0.1 and
            so reach a local service (DNS rebinding), but its requests still carry that name.
        allowed_origins: the sites whose pages may use the service, such as https://app.example
            (CORS).
        forwarded_allow_ips: the proxies whose X-Forwarded headers are believed, as addresses or
            networks.
        root_path: the path under which a proxy shows the service, such as /anysense.
        rate_limit: how many requests each key, or without keys each address, may make, such as
            100/minute, or 10/second:50 for bursts of 50.
        ssl_certfile: a certificate, with its chain, to speak HTTPS.
        ssl_keyfile: the certificate's private key, if it is in a file of its own.
        ssl_keyfile_password: what opens the private key. On no command line.
        ssl_ca_certs: only clients with a certificate of these authorities are answered.
        body_bytes: the longest body of a request that uploads no item. Base64 makes media a third
            longer.
        upload_bytes: the longest multipart body that adds an item.
        field_bytes: the longest field of a multipart body that is not a file.
        read_threads: how many requests read items and files at once; more of them wait.
        search_threads: how many requests search at once; more of them wait.
        media_searches: how many of those may search by media at once; they share the batches of
            models, and the pixels that are decoded at a time. Sounds are read window by window.
        publish_after: how many segments may be new or removed before the FAISS index is brought up
            to date in the background; a twentieth of the collection if that is more. Until then
            searches find them too, by exact comparison.
        warm_up: load the encoders when the service starts, not at the first search.
        log_format: ``text`` for people, or ``json``, an object a line, for machines.
        shutdown_timeout: how many seconds open requests may take once the service is told to stop.
        tracing: send traces with OpenTelemetry, which needs ``anysense[otel]``; if it is not given,
            as its own variables say (``OTEL_EXPORTER_OTLP_ENDPOINT``).
        roots: folders of this machine whose files clients may add by path; none if it is empty.
        watch: folders, globs and manifests that the first collection is kept up to date with as
            files come and go, or another one as NAME=FOLDER. What .gitignore and .ignore name in
            them is left out.
        batch_lines: how many items a batch of lines, a folder or a glob may have; one in JSON has
            at most 1,000, and a form at most 100 files.
        jobs: how many jobs of a collection may wait or run; more are refused.
        job_bytes: how much the jobs of a collection that wait or run may keep on the disk.
        jobs_kept: how many jobs that have ended can still be asked for.
        job_seconds: for how long, from their end on.
        allow_url_fetch: fetch images and sounds from the public http and https addresses that
            requests name in place of data URIs.
        reach_objects: show what items were made of that lies in S3 or another storage service,
            which is asked for it with the credentials of this process.
        fetch_bytes: how much the addresses of one request may give, all together.
        fetch_seconds: how long they may take, all together.
        bodies_bytes: the most bytes that bodies of requests have together, but for uploads; more
            are refused with 503.
        uploads_bytes: the same of uploads that add items, which are kept on the disk meanwhile.
        header_seconds: how long the head of a request may take to come, from its first byte or, on
            a new connection, from its start; as long again for the handshake of TLS before it.
        body_seconds: how long a body may take, beside what `body_rate` allows.
        body_rate: the least bytes that a body brings in a second, on average.
        answer_seconds: how long a client may take to read 256 KiB of an answer that waits for it.
        connections: the most connections at once; fewer if the process may not have so many files
            open. When there are more, the oldest that are idle are closed.
        show_paths: tell in which folders files lie, in the `source` and the `aliases` of hits and
            items. If None, that is told to keys that may read, and without keys by a service that
            answers to names of this machine alone.
        write_threads: how many requests encode what they add at once; more of them wait.
        writer_idle_seconds: the right to write is given back after so long without a write, so
            that another process can write.
        state_seconds: how long the state of a page that was searched is kept for the next page.
        request_timeout: seconds after which a request is answered with 504, from when it has come
            as a whole.
        queued_reads: how many requests wait to read items and files; more are refused.
        queued_searches: how many requests wait to search; more are refused.
        queued_adds: how many requests wait to add or remove items; more are refused.
        threads: threads of models; if it is not given, one for each processor that this
            process may use.
        page: show the page, at ``/``, on which people search and look.
        workers: how many processes search and read. If there are several, one more writes, and
            each has models, limits and threads of its own.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, enable_decoding=False
    )

    collections: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    log_level: Literal["critical", "error", "warning", "info", "debug"] = "info"
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    insecure: bool = False
    allowed_hosts: tuple[Host, ...] = LOOPBACK_HOSTS
    allowed_origins: tuple[Origin, ...] = ()
    forwarded_allow_ips: tuple[Network, ...] = ("127.0.0.1", "::1")
    root_path: RootPath = ""
    rate_limit: WrittenRate | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_keyfile_password: SecretStr | None = None
    ssl_ca_certs: Path | None = None
    body_bytes: int = 32 * 1024**2
    upload_bytes: int = 512 * 1024**2
    field_bytes: int = 1024**2
    read_threads: Threads = 8
    search_threads: Threads = 64
    media_searches: Threads = 32
    publish_after: int = 2000
    warm_up: bool = True
    log_format: Literal["text", "json"] = "text"
    shutdown_timeout: float = 20.0
    tracing: bool | None = None
    roots: tuple[Folder, ...] = ()
    watch: tuple[str, ...] = ()
    batch_lines: int = 100_000
    jobs: int = 16
    job_bytes: int = 4 * 1024**3
    jobs_kept: int = 100
    job_seconds: float = 3600.0
    allow_url_fetch: bool = False
    reach_objects: bool = False
    fetch_bytes: int = 32 * 1024**2
    fetch_seconds: Seconds = 10.0
    bodies_bytes: int = 256 * 1024**2
    uploads_bytes: int = 2 * 1024**3
    header_seconds: Seconds = 10.0
    body_seconds: float = 20.0
    body_rate: int = Field(default=8 * 1024, ge=1)
    answer_seconds: Seconds = 30.0
    connections: int = Field(default=1000, ge=1)
    show_paths: bool | None = None
    write_threads: Threads = 16
    writer_idle_seconds: float = 5.0
    state_seconds: float = 600.0
    request_timeout: Seconds = 600.0
    queued_reads: int = 1024
    queued_searches: int = 256
    queued_adds: int = 256
    threads: int | None = Field(default=None, ge=1, le=1024)
    page: bool = True
    workers: int = Field(default=1, ge=1, le=256)

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        """What variables write as text; an empty one may be of a script that never set it."""
        if value == "" and info.field_name != "root_path":
            raise ValueError("it is empty; leave it out")
        annotation = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, str) and get_origin(annotation) is tuple:
            return [part.strip() for part in value.split(",")]
        return value

    @field_validator("*")
    @classmethod
    def _check_number(cls, value: Any) -> Any:
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            raise ValueError("it cannot be negative or infinite")
        return value

    @field_validator("api_key")
    @classmethod
    def _check_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not (key.get_secret_value().isascii() and _is_word(key)):
            raise ValueError("a key is made of ASCII letters, digits and signs, without spaces")
        return key


def _is_word(key: SecretStr) -> bool:
    text = key.get_secret_value()
    return text.isprintable() and " " not in text

"""What pymilvus sees of a Milvus server, over gRPC on a port of its own, without the server.

It stands for versions of which no server can be had here, and for servers that misbehave. It speaks
the protocol that pymilvus carries: requests are decoded by it, vectors are kept as the bytes that
came. Nothing is indexed; all rows are compared.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.types import Ids

TYPES: dict[int, tuple[str, Any]] = {
    101: ("float_vector", np.float32),
    102: ("float16_vector", np.float16),
}
"""The names and types of vectors, by Milvus' number of the type of a field."""


class MilvusService:
    """A server at `address` until it is closed.

    Attributes:
        address: of it, as anysense writes it.
        calls: the names of the calls that came.
        tokens: what they brought to say who calls, each once.
        rows: by collection, partition and id, the bytes of the vectors.
        refused: what is answered in place of all else: the code and the text of an error.
        is_stuck: whether calls get no answer until it is closed.
        waiting: set when there was such a call.
    """

    def __init__(
        self, version: str = "v2.6.2", *, certificate: tuple[bytes, bytes] | None = None
    ) -> None:
        """Start it.

        Args:
            version: what it says of itself.
            certificate: with TLS: a key and a chain of certificates.
        """
        from pymilvus.grpc_gen import milvus_pb2

        self.version = version
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self.rows: dict[str, dict[str, dict[int, bytes]]] = {}
        self.refused: tuple[grpc.StatusCode, str] | None = None
        self.is_stuck = False
        self.waiting = threading.Event()
        self._schemas: dict[str, Any] = {}
        self._closed = threading.Event()
        self._methods = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods_by_name
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((_Handler(self._handler),))
        if certificate is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            credentials = grpc.ssl_server_credentials([certificate])
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self.address = f"milvus{'' if certificate is None else '+tls'}://127.0.0.1:{port}"
        self._server.start()

    def close(self) -> None:
        """End it, and let go of what waits."""
        stopped = self._server.stop(None)
        self._closed.set()
        stopped.wait()

    def kind(self, collection: str) -> int:
        """The number of the type of a collection's vectors."""
        return next(f.data_type for f in self._schemas[collection].fields if f.data_type > 100)

    # What is called

    def _handler(self, name: str) -> Any:
        method = self._methods[name]
        own_name = "_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        request, response = map(GetMessageClass, (method.input_type, method.output_type))

        def answer(asked: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(name)
            known = dict(context.invocation_metadata())
            self.tokens |= {known["authorization"]} if "authorization" in known else set()
            if self.is_stuck:
                self.waiting.set()
                self._closed.wait()
            if self.refused is not None:
                context.abort(*self.refused)
            made: Callable[[Any, Any], None] | None = getattr(self, own_name, None)
            told = response()
            if made is not None:
                made(asked, told)
            return told

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )

    def _get_version(self, _: Any, told: Any) -> None:
        told.version = self.version

    def _show_collections(self, _: Any, told: Any) -> None:
        told.collection_names.extend(self.rows)

    def _create_collection(self, asked: Any, _: Any) -> None:
        from pymilvus.grpc_gen import schema_pb2

        name = asked.collection_name
        self._schemas[name] = schema_pb2.CollectionSchema.FromString(asked.schema)
        self.rows[name] = {}

    def _drop_collection(self, asked: Any, _: Any) -> None:
        self.rows.pop(asked.collection_name, None)

    def _describe_collection(self, asked: Any, told: Any) -> None:
        if self._has(asked, told.status):
            told.schema.CopyFrom(self._schemas[asked.collection_name])

    def _create_partition(self, asked: Any, told: Any) -> None:
        if self._has(asked, told):
            self.rows[asked.collection_name].setdefault(asked.partition_name, {})

    def _has_partition(self, asked: Any, told: Any) -> None:
        if self._has(asked, told.status):
            told.value = asked.partition_name in self.rows[asked.collection_name]

    def _describe_index(self, asked: Any, told: Any) -> None:
        if self._has(asked, told.status):
            rows = self.rows[asked.collection_name].values()
            told.index_descriptions.add(index_name="vector", total_rows=sum(map(len, rows)))

    def _get_flush_state(self, _: Any, told: Any) -> None:
        told.flushed = True

    def _flush(self, asked: Any, told: Any) -> None:
        for name in asked.collection_names:
            told.coll_segIDs[name].data.append(1)
            told.coll_flush_ts[name] = 1

    def _get_load_state(self, asked: Any, told: Any) -> None:
        if self._has(asked, told.status):
            told.state = 3

    def _get_query_segment_info(self, asked: Any, told: Any) -> None:
        rows = self.rows[asked.collectionName].values()
        told.infos.add(num_rows=sum(map(len, rows)), index_name="vector")

    def _upsert(self, asked: Any, told: Any) -> None:
        if not self._has(asked, told.status):
            return
        ids, vectors = sorted(asked.fields_data, key=lambda field: field.type)
        name, kind = TYPES[vectors.type]
        assert vectors.type == self.kind(asked.collection_name)
        sent = getattr(vectors.vectors, name)
        content = sent if isinstance(sent, bytes) else np.asarray(sent.data, kind).tobytes()
        size = len(content) // asked.num_rows
        partition = self.rows[asked.collection_name][asked.partition_name]
        for row, number in enumerate(ids.scalars.long_data.data):
            partition[number] = content[row * size : (row + 1) * size]

    def _delete(self, asked: Any, told: Any) -> None:
        if self._has(asked, told.status):
            for rows in self.rows[asked.collection_name].values():
                for number in _numbers(asked.expr):
                    rows.pop(number, None)

    def _query(self, asked: Any, told: Any) -> None:
        if not self._has(asked, told.status):
            return
        rows = self._partition(asked)
        [field] = asked.output_fields
        ids = [len(rows)] if "count" in field else [i for i in _numbers(asked.expr) if i in rows]
        column = told.fields_data.add(type=5, field_name=field)
        column.scalars.long_data.data.extend(ids)
        told.output_fields.append(field)

    def _search(self, asked: Any, told: Any) -> None:
        from pymilvus.grpc_gen import common_pb2

        if not self._has(asked, told.status):
            return
        rows, kind = self._partition(asked), TYPES[self.kind(asked.collection_name)][1]
        [group] = common_pb2.PlaceholderGroup.FromString(asked.placeholder_group).placeholders
        assert group.type == self.kind(asked.collection_name)
        limit = next(int(p.value) for p in asked.search_params if p.key == "topk")
        ids: Ids = np.fromiter(rows, np.int64, len(rows))
        known = np.frombuffer(b"".join(rows.values()), kind).reshape(len(ids), -1)
        for query in (np.frombuffer(value, kind) for value in group.values):
            products = known.astype(np.float32) @ query.astype(np.float32)
            order = np.lexsort((ids, -products))[:limit]
            told.results.ids.int_id.data.extend(ids[order].tolist())
            told.results.scores.extend(products[order].tolist())
            told.results.topks.append(len(order))
        told.results.num_queries, told.results.top_k = len(group.values), limit

    def _partition(self, asked: Any) -> dict[int, bytes]:
        [partition] = asked.partition_names
        return self.rows[asked.collection_name][partition]

    def _has(self, asked: Any, status: Any) -> bool:
        """Whether a collection is there; else that is what is answered."""
        if asked.collection_name in self.rows:
            return True
        status.code, status.error_code = 100, 4
        status.reason = f"can't find collection[collection={asked.collection_name}]"
        return False


class _Handler(grpc.GenericRpcHandler):
    """Hands calls on by their names."""

    def __init__(self, of: Callable[[str], Any]) -> None:
        self._of = of

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._of(details.method.rpartition("/")[2])


def _numbers(condition: str) -> list[int]:
    """The ids of a condition on them."""
    return [int(number) for number in condition.partition("[")[2].rstrip("]").split(",")]

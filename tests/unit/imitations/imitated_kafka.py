"""A broker imitated in this process, right or wrong on purpose; used by test_kafka_verify.py."""

import socketserver
import threading
from dataclasses import dataclass, field

import kafka_connection as kafka
import kafka_records
from kafka_codec import Reader, Writer
from kafka_records import Record

NONE = (("i", 0),)


@dataclass
class Wrong:
    """What the broker does wrong; by default nothing."""

    advertised: tuple | None = None
    error: dict = field(default_factory=dict)
    """Error code by Api."""
    passing: int = 0
    """How often an error is given before it passes; 0 means for ever."""
    lowest: dict = field(default_factory=dict)
    """Lowest version offered, by Api."""
    change: object = staticmethod(lambda records: records)
    """What is done to records before they are read."""
    forget_offsets: bool = False


class Broker(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, wrong):
        super().__init__(("127.0.0.1", 0), Handler)
        self.wrong = wrong
        self.topics, self.offsets, self.deleted = {}, {}, []
        self.errors = dict.fromkeys(wrong.error, wrong.passing or 10**9)

    def error(self, api):
        if self.errors.get(api, 0) <= 0:
            return 0
        self.errors[api] -= 1
        return self.wrong.error[api]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return super().__enter__()

    def __exit__(self, *args):
        self.shutdown()
        super().__exit__(*args)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(4):
            request = Reader(self.rfile.read(int.from_bytes(head, "big")))
            key, _version, correlation = (
                request.number("h"),
                request.number("h"),
                request.number("i"),
            )
            request.string()
            answer = Writer().pack("i", correlation)
            getattr(self, f"answer_{key}")(request, answer)
            self.wfile.write(Writer().blob(answer.done()).done())

    def code(self, api):
        return self.server.error(api)

    def answer_18(self, _request, answer):
        apis = [api for api in vars(kafka).values() if isinstance(api, kafka.Api)]
        lowest = self.server.wrong.lowest
        answer.pack("h", 0)
        answer.array(apis, lambda w, api: w.pack("hhh", api.key, lowest.get(api, 0), 99))

    def answer_3(self, request, answer):
        names = request.array(Reader.text)
        host, port = self.server.wrong.advertised or self.server.server_address
        answer.pack("i", 0).pack("i", 1).pack("i", 0).string(host).pack("i", port).string(None)
        answer.string("id").pack("i", 0)
        answer.array([n for n in names if n in self.server.topics], self.topic)

    def topic(self, answer, name):
        answer.pack("h", self.code(kafka.METADATA)).string(name).pack("b", 0)
        answer.array(
            list(self.server.topics[name]), lambda w, p: w.pack("hii", 0, p, 0).pack("ii", 0, 0)
        )

    def answer_19(self, request, answer):
        request.number("i")
        name, partitions = request.text(), request.number("i")
        code = self.code(kafka.CREATE_TOPICS)
        if not code:
            self.server.topics[name] = {partition: [] for partition in range(partitions)}
        answer.pack("ii", 0, 1).string(name).pack("h", code).string("no" if code else None)

    def answer_0(self, request, answer):
        request.string()
        assert request.number("h") == -1  # acks=all
        request.raw(8)
        name, _count, partition = request.text(), request.number("i"), request.number("i")
        records = kafka_records.decode(request.blob())
        code = self.code(kafka.PRODUCE)
        if not code:
            self.server.topics[name][partition] += records
        answer.pack("i", 1).string(name).pack("iihqqq", 1, partition, code, 0, -1, 0).pack("i", 0)

    def answer_1(self, request, answer):
        request.raw(21)
        name, _count, partition, offset = request.text(), *(request.number(f) for f in "iiq")
        code = self.code(kafka.FETCH)
        records = self.server.wrong.change(self.server.topics[name][partition])[offset:]
        data = b"".join(batch(offset + n, record) for n, record in enumerate(records))
        answer.pack("ii", 0, 1).string(name).pack("iihqqi", 1, partition, code, 0, 0, -1).blob(data)

    def answer_10(self, _request, answer):
        host, port = self.server.server_address
        answer.pack("ih", 0, self.code(kafka.FIND_COORDINATOR)).string(None)
        answer.pack("i", 0).string(host).pack("i", port)

    def answer_8(self, request, answer):
        group, _generation, _member, _count = (
            request.text(),
            *(request.number("i"),),
            request.text(),
            0,
        )
        request.number("i")
        name = request.text()
        found = request.array(lambda r: (r.number("i"), r.number("q"), r.string()))
        if not self.server.wrong.forget_offsets:
            self.server.offsets[group] = {partition: offset for partition, offset, _ in found}
        code = self.code(kafka.OFFSET_COMMIT)
        answer.pack("ii", 0, 1).string(name)
        answer.array(found, lambda w, each: w.pack("ih", each[0], code))

    def answer_9(self, request, answer):
        group, _count, name = request.text(), request.number("i"), request.text()
        have = self.server.offsets.get(group, {})
        answer.pack("ii", 0, 1).string(name)
        answer.array(
            request.array(lambda r: r.number("i")),
            lambda w, p: w.pack("iq", p, have.get(p, -1)).string("").pack("h", 0),
        )
        answer.pack("h", 0)

    def answer_20(self, request, answer):
        request.number("i")
        name = request.text()
        self.server.deleted.append(name)
        code = 0 if self.server.topics.pop(name, None) else 3
        answer.pack("ii", 0, 1).string(name).pack("h", code)

    def answer_42(self, request, answer):
        request.number("i")
        group = request.text()
        self.server.deleted.append(group)
        answer.pack("ii", 0, 1).string(group).pack("h", 0)


def batch(offset: int, record: Record) -> bytes:
    return offset.to_bytes(8, "big") + kafka_records.encode([record])[8:]

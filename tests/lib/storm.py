# SPDX-License-Identifier: BSD-2-Clause
"""Many clients in one loop, each with a pipeline of requests that arrives in pieces. What comes
back is compared with what should, to the byte but for Date: an answer that is lost, doubled, out
of order or wrong is a fault, and so is a connection that ends or says nothing."""
import collections
import re
import select
import socket
import time

from http_client import Client
from patience import PATIENCE_S

DATE = re.compile(rb"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\Z")
DATE_BYTES = 29
ID = b"X-Id: %08d\r\n"

Kind = collections.namedtuple("Kind", "name request status body")
Request = collections.namedtuple("Request", "number kind")


class Story:
    """Of one connection, to be told when something is wrong with it. Times are of
    time.monotonic()."""

    def __init__(self, port):
        self.port = port
        self.begin_s = time.monotonic()
        self.asked = []             # requests
        self.answered = []          # (request, time)
        self.excused_s = None       # its process was about to be killed
        self.end_s, self.end = None, "is open"

    def text(self, around, since_s):
        """With the answers before and after that to one request; times from since_s on."""
        at = [request for request, _ in self.answered].index(around)
        answers = ", ".join(f"{request.number} {request.kind} {when_s - since_s:.4f}"
                            for request, when_s in self.answered[max(at - 2, 0):at + 3])
        excused = "never" if self.excused_s is None else f"{self.excused_s - since_s:.4f}"
        end = "" if self.end_s is None else f" {self.end_s - since_s:.4f}"
        return (f"port {self.port}, begun {self.begin_s - since_s:.4f}, {self.end}{end}, excused "
                f"{excused}; answer {at + 1} of {len(self.answered)}, {len(self.asked)} asked: "
                f"{answers}")


class Answer:
    """The bytes of an answer, of which only Date may differ."""

    def __init__(self, data):
        self.data = data
        self.date_at = data.index(b"\r\nDate: ") + 8
        self.rest_at = self.date_at + DATE_BYTES

    def fits(self, data):
        """As far as data goes."""
        date = data[self.date_at:self.rest_at]
        return self.data.startswith(data[:self.date_at]) and \
            (len(date) < DATE_BYTES or DATE.match(date)) and \
            data[self.rest_at:] == self.data[self.rest_at:len(data)]


def number_request(text, number):
    """The request with a number of its own that the access log can show."""
    line, _, rest = text.partition(b"\r\n")
    return line + b"\r\n" + ID % number + rest


def ask(address, kind):
    """The answer to one request of a kind on a connection of its own, to be compared with."""
    class Recorder(Client):
        seen = b""

        def _receive(self):
            data = super()._receive()
            self.seen += data
            return data

    with Recorder(address) as client:
        response = client.send(number_request(kind.request, 0)) \
            .response(kind.request.split()[0].decode())
        assert response.status == kind.status, (kind, response)
        assert kind.body is None or response.body == kind.body, (kind, response)
        assert client.pending == b"", client.pending
        return Answer(client.seen), response.will_close


class Storm:
    """What all clients share. kinds: by name; pipelines: lists of names. Runs by itself as long
    as step() is called."""

    def __init__(self, address, kinds, pipelines, seed):
        self.address = address
        self.kinds = {kind.name: kind for kind in kinds}
        self.pipelines = pipelines
        self.random = seed
        self.answers, self.closes = {}, {}
        for kind in kinds:
            self.answers[kind.name], self.closes[kind.name] = ask(address, kind)
        lengths = [len(self.bytes_of(names, 0)[0]) for names in pipelines]
        self.cuts_left = [set(range(1, length)) for length in lengths]
        self.all_cuts = [list(range(1, length)) for length in lengths]
        self.poll = select.epoll()
        self.clients = {}
        self.by_descriptor = {}
        self.numbers = 0
        self.asked = self.answered = self.excused = self.excused_connections = 0
        self.connections = 0
        self.deaf_count = 0
        self.is_ending = False
        self.sure = {}              # {number: (request, story)} that must have a record

    def bytes_of(self, names, first_number):
        """The pipeline, and where each request of it ends."""
        data, ends = b"", []
        for offset, name in enumerate(names):
            data += number_request(self.kinds[name].request, first_number + offset)
            ends.append(len(data))
        return data, ends

    def next_cut(self, pipeline):
        left = self.cuts_left[pipeline]
        return left.pop() if left else self.random.choice(self.all_cuts[pipeline])

    def has_cut_everywhere(self):
        return not any(self.cuts_left)

    def start(self, count, make):
        for number in range(count):
            make(self, number).begin()

    def step(self, wait_s=0.002):
        for descriptor, _ in self.poll.poll(wait_s):
            client = self.by_descriptor.get(descriptor)
            if client is not None:
                client.take_input()
        now = time.monotonic()
        for client in list(self.by_descriptor.values()):
            client.go_on(now)

    def excuse(self, ports):
        """The connections of these ports of ours end with a process, any moment now."""
        for client in self.by_descriptor.values():
            if client.port in ports and not client.is_excused:
                client.is_excused = True
                client.story.excused_s = time.monotonic()
                self.excused_connections += 1

    def finish(self):
        """Lets every client come to the end of what it has begun, with an answer to all of it."""
        self.is_ending = True
        while self.by_descriptor:
            self.step()


class StormClient:
    """One at a time of its connections. Traits:
    waits: a piece goes when all that was asked so far is answered
    piece_count: how many pieces a pipeline is cut into
    end: what follows a pipeline: "stay", the next one on the same connection; "finish", half-close
    receive_buffer: a small one makes a slow reader
    deaf_s: a pipeline is not listened to for so long, at random, after it was sent
    pipelines: the indexes of those that it sends; None: any
    pause_s: between two pipelines, for the connection to be idle."""

    def __init__(self, storm, *, waits, piece_count, end, receive_buffer=None, pause_s=0,
                 deaf_s=0, pipelines=None):
        self.storm = storm
        self.deaf_s, self.pipelines = deaf_s, pipelines
        self.waits, self.piece_count, self.end = waits, piece_count, end
        self.receive_buffer, self.pause_s = receive_buffer, pause_s
        self.socket = None

    def begin(self):
        """A new connection."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self.receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(self.storm.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.is_excused = self.has_finished = False
        self.received = b""
        self.expected = collections.deque()
        self.story, self.ends = Story(self.port), []
        self.pieces = collections.deque()
        self.next_pipeline_s = 0
        self.deaf_until_s = None
        self.progress_s = time.monotonic()
        self.storm.connections += 1
        self.storm.poll.register(self.socket, select.EPOLLIN)
        self.storm.by_descriptor[self.socket.fileno()] = self

    def fault(self, what):
        seen = [(one.number, one.kind) for one in self.expected]
        raise AssertionError(
            f"port {self.port}: {what}\nstill expected {seen}\nearlier on this connection: "
            f"{self.story.asked[-12:]}\nunsent pieces {list(self.pieces)[:3]!r}\n"
            f"received and not understood {self.received[:600]!r}")

    def close(self, how):
        self.story.end_s, self.story.end = time.monotonic(), how
        self.storm.poll.unregister(self.socket)
        del self.storm.by_descriptor[self.socket.fileno()]
        self.socket.close()

    def _end_connection(self):
        """All is as it should be."""
        self.close("ended as it should")
        if not self.storm.is_ending:
            self.begin()

    def _end_excused(self):
        """Its process was killed: what came until then has to be right all the same."""
        if self.received and not (self.expected and self.storm.answers[
                self.expected[0].kind].fits(self.received)):
            self.fault("wrong bytes before the end of a connection whose process was killed")
        self.storm.excused += len(self.expected)
        # Whoever answers makes the record before the first byte of the next answer, so only the
        # last answer may have none: also when the next pipeline was begun since.
        if self.story.answered and not self.received:
            self.storm.sure.pop(self.story.answered[-1][0].number, None)
        self.close("excused")
        if not self.storm.is_ending:
            self.begin()

    def _begin_pipeline(self):
        storm = self.storm
        index = storm.random.choice(self.pipelines or range(len(storm.pipelines)))
        names = storm.pipelines[index]
        data, ends = storm.bytes_of(names, storm.numbers + 1)
        cuts = {storm.next_cut(index)}
        while len(cuts) < self.piece_count - 1:
            cuts.add(storm.random.randrange(1, len(data)))
        at = 0
        for cut in [*sorted(cuts), len(data)]:
            self.pieces.append(data[at:cut])
            at = cut
        self.sent = 0
        self.ends = list(zip(ends, names))
        for name in names:
            storm.numbers += 1
            storm.asked += 1
            request = Request(storm.numbers, name)
            self.expected.append(request)
            self.story.asked.append(request)

    def _turn_deaf(self, now):
        self.storm.poll.modify(self.socket, 0)
        self.storm.deaf_count += 1
        self.deaf_until_s = now + self.deaf_s * self.storm.random.random()

    def _listen(self, now):
        self.storm.poll.modify(self.socket, select.EPOLLIN)
        self.deaf_until_s = None
        self.progress_s = now
        # From now on it is a fast one.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def go_on(self, now):
        """Sends the next piece, if it is time for one."""
        if self.deaf_until_s is not None:
            if now < self.deaf_until_s and not self.is_excused:
                return None
            self._listen(now)
        if not self.pieces and not self.expected:
            if self.is_excused:
                return self._end_excused()
            if self.has_finished or self._asked_for_the_end():
                return self._look_for_silence(now)
            if self.storm.is_ending:
                return self._end_connection()
            if now < self.next_pipeline_s:
                return None
            self._begin_pipeline()
            self.progress_s = now
        elif now - self.progress_s > PATIENCE_S / 2:
            self.fault("nothing comes")
        if not self.pieces:
            return None
        answered = len(self.ends) - len(self.expected)
        complete = len([end for end, _ in self.ends if end <= self.sent])
        if self.waits and answered < complete:
            return None
        return self._send_piece(now)

    def _asked_for_the_end(self):
        asked = self.story.asked
        return bool(asked) and self.storm.closes[asked[-1].kind]

    def _look_for_silence(self, now):
        if now - self.progress_s > PATIENCE_S / 2:
            self.fault("the server does not end the connection")

    def _send_piece(self, now):
        piece = self.pieces[0]
        try:
            count = self.socket.send(piece)
            if count == len(piece) and len(self.pieces) == 1 and self.end == "finish":
                self.socket.shutdown(socket.SHUT_WR)
                self.has_finished = True
        except BlockingIOError:
            return
        except OSError as error:
            if self.is_excused:
                self._end_excused()
            else:
                self.fault(f"{error!r} when sending")
            return
        self.progress_s = now
        self.sent += count
        if count < len(piece):
            self.pieces[0] = piece[count:]
            return
        self.pieces.popleft()
        if not self.pieces and self.deaf_s and self.deaf_until_s is None:
            self._turn_deaf(now)

    def take_input(self):
        try:
            data = self.socket.recv((not self.deaf_s and self.receive_buffer) or 1 << 20)
        except BlockingIOError:
            return
        except OSError as error:
            if not self.is_excused:
                self.fault(f"{error!r} when receiving")
            data = b""
        if not data:
            self._take_end()
            return
        self.received += data
        self.progress_s = time.monotonic()
        while self.received:
            if not self.expected:
                self.fault("more than was asked for")
            request = self.expected[0]
            answer = self.storm.answers[request.kind]
            if not answer.fits(self.received[:len(answer.data)]):
                self.fault(f"not the answer to {request}")
            if len(self.received) < len(answer.data):
                return
            done = len(self.ends) - len(self.expected)
            if self.storm.closes[request.kind]:
                self.pieces.clear()     # what is wrong can show before its end
            elif self.sent < self.ends[done][0]:
                self.fault(f"an answer to {request} before it was asked")
            self.received = self.received[len(answer.data):]
            self.expected.popleft()
            self.storm.answered += 1
            self.story.answered.append((request, self.progress_s))
            self.storm.sure[request.number] = (request, self.story)
        if not self.expected:
            self.next_pipeline_s = self.progress_s + self.pause_s * self.storm.random.random()

    def _take_end(self):
        if self.is_excused:
            self._end_excused()
        elif self.pieces or self.expected or self.received:
            self.fault("the connection ended")
        elif self.has_finished or self._asked_for_the_end():
            self._end_connection()
        else:
            self.fault("an idle connection ended")

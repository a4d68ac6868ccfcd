"""Bench of the drain, with a memory model at its port: beats, bubbles, stalls and the end of jobs, against golden.

The parameters are the sizes (`sizes`: clusters, wpus, rows, psum_depth) and the memory's latency (`latency`),
and the cycles from a job to its first request (`FILL`).
"""

import collections
from dataclasses import replace

import cocotb

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import DrainJob, DrainMode, drain_beat, drain_request
from sim.golden.ccore.order import beats
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import Stream, generator, start

CLUSTERS, WPUS, ROWS, DEPTH = PARAMETERS["sizes"]
CONFIG = CCoreConfig(array=ArrayConfig(clusters=CLUSTERS, wpus=WPUS, rows=ROWS, channels=1), psum_depth=DEPTH)
LATENCY = PARAMETERS["latency"]
#: Cycles from a job to the request of its first beat.
FILL = PARAMETERS["fill"]
REQUEST, BEAT = drain_request(CONFIG), drain_beat(CONFIG)
SUMS = BEAT.members["data"].size


def field(layout, name: str, word: int) -> int:
    """Bits of a field of a struct."""
    return word >> layout[name].offset & (1 << layout[name].width) - 1


class Memory:
    """Partial sums of both halves, random, behind a pipeline that holds without `enable`."""

    def __init__(self, dut, rng):
        self._dut, self._stages = dut, collections.deque([0] * LATENCY)
        self.words = [rng.getrandbits(SUMS) for _ in range(1 << REQUEST.size - 1)]

    def at(self, half: int, bank: int, address: int) -> int:
        """Word that a request gets."""
        fields = {"enable": 0, "half": half, "bank": bank, "address": address}
        return self.words[REQUEST.const(fields).as_bits() >> 1]

    def data(self) -> int:
        """What the next cycle answers, when this one is over."""
        request = int(self._dut.request.value)
        if field(REQUEST, "enable", request):
            self._stages.append(self.words[request >> 1])
            self._stages.popleft()
        return self._stages[0]


def random_grid(rng, slots: int) -> dict[str, int]:
    """Images, pitch, rows and columns of a grid of at most `slots` slots; some have as many columns or rows as fit."""
    while True:
        images, pitch, columns = rng.randint(1, 6), rng.randint(1, 3 * WPUS + 2), rng.randint(1, 6)
        groups = -(-images * pitch // WPUS)
        if groups * columns <= slots:
            break
    long = rng.random()
    if long < 0.1:
        columns = slots // groups
    elif long < 0.2:
        images, pitch = 1, slots // columns * WPUS
    return {"images": images, "pitch": pitch, "rows": rng.randint(1, pitch), "columns": columns}


def random_job(rng, mode: DrainMode) -> DrainJob:
    grid = random_grid(rng, DEPTH * (PORTS if mode == DrainMode.DENSE else 1))
    ports = rng.sample(range(PORTS), PORTS)
    return DrainJob(
        mode=mode,
        **grid,
        half=rng.getrandbits(1),
        odd_rows=rng.getrandbits(1),
        odd_columns=rng.getrandbits(1),
        ports=(tuple(ports[:2]), tuple(ports[2:])),
        segment=rng.randint(1, rng.choice((4, DEPTH))),
        taps=rng.randint(1, TAPS),
        words=rng.randint(1, DEPTH),
        last=rng.getrandbits(1),
    )


def expected(memory: Memory, job: DrainJob) -> list[int]:
    """Payloads of the job's beats."""
    order = beats(job, CONFIG)
    words = []
    for bank, address, mask, first, last in zip(order.bank, order.address, order.mask, order.first, order.last):
        word = memory.at(job.half, int(bank), int(address)) << BEAT["data"].offset
        for w in range(WPUS):
            word |= int(mask[w]) << BEAT["mask"].offset + w
        words.append(word | int(first) << BEAT["first"].offset | int(last) << BEAT["last"].offset)
    return words


def line_beats(job: DrainJob) -> int:
    """Beats of a line: a row of outputs of a row group."""
    if job.mode == DrainMode.GRADIENT:
        return TAPS * job.words
    return 2 * job.columns - job.odd_columns if job.mode == DrainMode.SPLIT else job.columns


def bubbles(job: DrainJob) -> list[int]:
    """Cycles without a beat before each beat of a job but the first: for empty groups, less the last line."""
    image = beats(job, CONFIG).image
    found = []
    for old, new in zip(image[:-1].tolist(), image[1:].tolist()):
        groups = new * job.pitch // WPUS - (old * job.pitch + job.rows - 1) // WPUS
        found.append(max(0, groups - line_beats(job)) if new != old else 0)
    return found


class Run:
    """All jobs, with the beats that leave, and the cycles of beats, of accepted jobs and of `done`."""

    def __init__(self, dut, rng, **stalls):
        self.stream, self.memory = Stream(dut, rng, **stalls), Memory(dut, rng)
        self._dut, self._rng = dut, rng
        self.beats: list[int] = []
        self.taken: list[int] = []
        self.jobs: list[int] = []
        self.done: list[int] = []

    async def play(self, jobs: list[DrainJob], limit: int):
        """Offer all jobs; go on until `limit` cycles after the last of them."""
        words, patience, cycle, data = collections.deque(job.word(CONFIG) for job in jobs), limit, 0, 0
        while words or patience:
            offer = words and self._rng.random() >= self.stream.idle
            accepted, beat = await self.stream.cycle(words[0] if offer else None, data=data)
            data = self.memory.data()
            if int(self._dut.done.value):
                self.done.append(cycle)
            if accepted:
                words.popleft()
                self.jobs.append(cycle)
            if beat is not None:
                self.beats.append(beat)
                self.taken.append(cycle)
            patience = patience - 1 if not words else limit
            cycle += 1


async def begin(dut, **stalls) -> Run:
    await start(dut, i__valid=0, i__payload=0, o__ready=0, data=0)
    return Run(dut, generator(), **stalls)


def some_jobs(rng, count: int) -> list[DrainJob]:
    """Random jobs, so many of each mode, and those of most groups, of long segments and of images of many groups."""
    jobs = [random_job(rng, mode) for mode in rng.sample(list(DrainMode) * count, len(DrainMode) * count)]
    rows, image = DEPTH * WPUS, DEPTH // 2 * WPUS
    return [
        *jobs,
        DrainJob(mode=DrainMode.DENSE, pitch=PORTS * rows, rows=PORTS * rows),
        DrainJob(mode=DrainMode.SEGMENTS, pitch=rows, rows=rows, segment=DEPTH // 2 - 2),
        DrainJob(mode=DrainMode.TAPS, images=2, pitch=image, rows=image, taps=TAPS),
    ]


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.5, 0.3), (0.0, 0.7)])
async def random_jobs(dut, stalls):
    """Jobs of all modes back to back: every beat, and `done` in the cycle after each job's final one."""
    run = await begin(dut, idle=stalls[0], stall=stalls[1])
    jobs = some_jobs(generator(), PARAMETERS["jobs"])
    wanted = [expected(run.memory, job) for job in jobs]
    longest = max(map(len, wanted))
    await run.play(jobs, limit=40 + 10 * longest)
    flat = [word for words in wanted for word in words]
    wrong = [n for n, pair in enumerate(zip(run.beats, flat)) if pair[0] != pair[1]]
    assert len(run.beats) == len(flat), f"{len(run.beats)} beats, not {len(flat)}"
    assert not wrong, f"beat {wrong[0]}: {run.beats[wrong[0]]:#x}, not {flat[wrong[0]]:#x}"
    ends, total = [], 0
    for words in wanted:
        total += len(words)
        ends.append(run.taken[total - 1] + 1)
    assert run.done == ends


@cocotb.test()
async def every_beat_in_its_cycle(dut):
    """Without stalls: the latency, no bubble but for empty groups and after jobs with a last line of 1 or 2 beats."""
    run = await begin(dut)
    jobs = some_jobs(generator(), PARAMETERS["jobs"])
    jobs += [replace(job, rows=job.pitch) for job in jobs]
    await run.play(jobs, limit=1000)
    cycle, cycles = run.jobs[0] + FILL + LATENCY, []
    for job in jobs:
        assert job.rows < job.pitch or not any(bubbles(job))
        assert max([*bubbles(job), 0]) <= (job.pitch - job.rows) // WPUS
        for bubble in [0, *bubbles(job)]:
            cycle += bubble
            cycles.append(cycle)
            cycle += 1
        cycle += max(0, 3 - line_beats(job))
    assert run.taken == cycles


@cocotb.test()
async def a_beat_comes_before_it_is_asked_for(dut):
    run = await begin(dut, stall=1.0)
    job = DrainJob(mode=DrainMode.GRADIENT)
    await run.play([job], limit=FILL + LATENCY)
    assert not int(dut.o__valid.value)
    await run.play([], limit=1)
    assert int(dut.o__valid.value)
    assert not run.beats


@cocotb.test()
async def reset_drops_all(dut):
    run = await begin(dut)
    job = DrainJob(mode=DrainMode.GRADIENT, words=DEPTH)
    await run.play([job], limit=FILL + LATENCY + 3)
    assert run.beats
    await run.stream.cycle(None, rst=1)
    run = Run(dut, generator())
    for _ in range(2 * LATENCY):
        assert (await run.stream.cycle(None, rst=0))[1] is None
    await run.play([replace(job, words=1)], limit=40)
    assert run.beats == expected(run.memory, replace(job, words=1))

"""The C-Core on the generated Verilog: random layers out of its buffers, bit for bit, with stalls on every port."""

import collections
import os

import numpy as np
import pytest

from gen.compiler.ccore.plan import plan
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, MAX_ENTRIES, Code, Error
from hw.arch.pint import PintFormat
from sim.engine.ccore import Job, run
from sim.golden.ccore.check import error_of
from sim.workloads.ccore import alternating_jobs, expected, garbage, random_jobs
from sim.workloads.layers import random_codes

SMALL = {"input_depth": 512, "weight_depth": 1024, "psum_depth": 128, "images": 32}
CONFIGS = {
    "1x1x1x1": CCoreConfig(ArrayConfig(1, 1, 1, 1), **SMALL),
    "2x3x3x4": CCoreConfig(ArrayConfig(2, 3, 3, 4), **SMALL),
    "3x3x3x2": CCoreConfig(ArrayConfig(3, 3, 3, 2, mac=MacForm.SHIFT), **SMALL),
    "1x2x5x3": CCoreConfig(ArrayConfig(1, 2, 5, 3, mac=MacForm.GENERIC), **SMALL),
    "3x4x2x1": CCoreConfig(ArrayConfig(3, 4, 2, 1, mac=MacForm.GENERIC, acc_bits=32), **SMALL),
    "2x1x3x4 PINT(6,2)": CCoreConfig(ArrayConfig(2, 1, 3, 4, pint=PintFormat(6, 2), mac=MacForm.SHIFT), **SMALL),
    "1x3x3x8": CCoreConfig(ArrayConfig(1, 3, 3, 8, mac=MacForm.GENERIC), **SMALL),
}

#: Options of a job whose tensors are not written.
WRITTEN = {"inputs_written": True, "weights_written": True}


def check(jobs, config, **options):
    """Run jobs and compare their results with direct convolution."""
    ran = run(jobs, config, **options)
    for job, result in zip(jobs, ran.results, strict=True):
        if job.error == Error.OK:
            assert np.array_equal(result, expected(job)), (job.command.layer, job.command.phase)
    return ran


@pytest.mark.parametrize("name", CONFIGS)
def test_random_layers(name):
    """Thirty layers and phases, six on Icarus, which is slower; writes, descriptors and outputs stall at random."""
    number = list(CONFIGS).index(name)
    rng, config = np.random.default_rng(number), CONFIGS[name]
    channels = 10 if config.array.macs > 3 else 4
    count = 6 if os.environ.get("SIM") == "icarus" else 30
    jobs = random_jobs(config, rng, count, channels=channels, size=8)
    check(jobs, config, seed=number, idle=0.2, stall=0.3)


def test_packed_kernels_and_shared_rows():
    """At most three channels at stride 2: a pixel a column; 7 kernel rows: two row groups share the last."""
    config = CONFIGS["1x3x3x8"]
    layers = [Layer(1, 3, 2, 26, 20, 7, 2, 3), Layer(2, 2, 2, 9, 11, 5, 2, 2), Layer(1, 1, 1, 16, 9, 7, 2, 3)]
    work = [(layer, phase) for layer in layers for phase in (Phase.FP, Phase.WG)]
    work += [(Layer(1, 9, 2, 20, 9, 7, 1, 3), Phase.FP), (Layer(1, 3, 2, 26, 20, 7, 2, 3), Phase.BP)]
    rng = np.random.default_rng(8)
    jobs = alternating_jobs(work, config, rng, sums=False)
    codes = [job.command.header["pattern"] for job in jobs]
    assert codes.count(Code.FP_PACKED) == codes.count(Code.WG_PACKED) == 3
    shared = [job for job in jobs if job.command.header["segment"]]
    assert len(shared) >= 2
    check(jobs, config, seed=8, idle=0.1, stall=0.2)


def wrong(command, **fields):
    """Words of a descriptor with other header fields."""
    words = command.words()
    header = HEADER.put(HEADER.join(words[: HEADER.units]), **fields)
    return HEADER.split(header) + words[HEADER.units :]


def test_wrong_descriptors_are_skipped_and_touch_nothing():
    """Each error has its code; the sums that wait in the half are those of before, and good descriptors go on."""
    config = CONFIGS["2x3x3x4"]
    rng = np.random.default_rng(5)
    layer = Layer(2, 4, 2, 4, 5, 3, 1, 1)
    first, second = (random_codes(layer, rng, config.array.pint) for _ in range(2))
    kept = plan(layer, Phase.FP, config, drain=False, tag=1)
    more = plan(layer, Phase.FP, config, accumulate=True, tag=2)
    gradient = plan(layer, Phase.WG, config)
    faults = [
        ({"pattern": 0}, Error.PATTERN),
        ({"pattern": 12}, Error.PATTERN),
        ({"pattern": 15}, Error.PATTERN),
        *(({name: 0}, Error.EMPTY) for name in ("m_blocks", "c_blocks", "pitch", "rows", "images", "columns", "psums")),
        ({"x_base": config.input_depth - more.header["x_words"]}, Error.INPUT),
        ({"w_words": config.weight_depth}, Error.WEIGHT),
        ({"psums": config.psum_depth + 1}, Error.PSUM),
        ({"sums": 1, "images": config.images + 1}, Error.IMAGES),
        ({"m_blocks": 2}, Error.KEEP),
        ({"m_blocks": 2, "drain": 0}, Error.KEEP),
        ({"drain_mode": 5}, Error.PATTERN),
        ({"sums": 1}, Error.SUMS),
        ({"rows": more.header["pitch"] + 1}, Error.GRID),
        ({"images": 40}, Error.GRID),
        ({"c_blocks": 4095}, Error.PASSES),
    ]
    jobs = [Job(kept, first)]
    jobs += [Job(more, second, words=wrong(more, **fields), error=error) for fields, error in faults]
    # No entries, an empty entry, and more entries than fit.
    none = wrong(more, entries=0)[: HEADER.units]
    place = slice(HEADER.units, HEADER.units + ENTRY.units)
    empty = more.words()
    empty[place] = ENTRY.split(ENTRY.put(ENTRY.join(empty[place]), row_groups=0))
    entry = more.words()[HEADER.units :]
    many = wrong(more, entries=MAX_ENTRIES + 1)[: HEADER.units] + entry * (MAX_ENTRIES + 1)
    jobs += [Job(more, second, words=none, error=Error.EMPTY), Job(more, second, words=empty, error=Error.EMPTY)]
    jobs += [Job(more, second, words=many, error=Error.ENTRIES), Job(more, second), Job(gradient, second)]
    ran = run(jobs, config, seed=3, idle=0.2, stall=0.2)
    both = sum(expected(Job(more, codes)) for codes in (first, second))
    assert np.array_equal(ran.results[-2], both)
    assert np.array_equal(ran.results[-1], expected(jobs[-1]))


def test_a_reset_leaves_no_trace():
    """Of 1 to 4 cycles, at random moments of FP with sums of |x|, BP and WG, or after them: all that follows is golden.

    `busy` is compared in every cycle.
    """
    config, rng = CONFIGS["2x3x3x4"], np.random.default_rng(6)
    summed, point = Layer(2, 3, 2, 4, 5, 3, 1, 1), Layer(2, 4, 5, 4, 3)
    work = [(summed, Phase.FP), (point, Phase.FP), (Layer(1, 3, 4, 6, 5, 3, 2, 1), Phase.BP), (summed, Phase.WG)]
    commands = [plan(layer, phase, config, sums=phase == Phase.FP, tag=n) for n, (layer, phase) in enumerate(work)]
    jobs = [Job(command, random_codes(command.layer, rng, config.array.pint)) for command in commands]
    end = check(jobs, config, seed=6).result_cycles[-1]
    moments, lengths = rng.integers(1, end + 30, 40).tolist(), rng.integers(1, 5, 40).tolist()
    check(jobs, config, seed=6, resets=list(zip(moments, lengths, strict=True)))


def test_garbage_ends_and_leaves_no_trace():
    """Statuses are those of the golden check, in order, and a good FP with sums and a WG run after each group."""
    config, rng = CONFIGS["2x3x3x4"], np.random.default_rng(12)
    count = 60 if os.environ.get("SIM") == "icarus" else 600
    words = garbage(config, rng, count)
    errors = collections.Counter(error_of(each, config) for each in words)
    assert count < 600 or set(errors) == set(Error), errors
    assert errors[Error.OK] > count // 10
    layer = Layer(2, 3, 2, 4, 5, 3, 1, 1)
    commands = [plan(layer, phase, config, sums=phase == Phase.FP) for phase in (Phase.FP, Phase.WG)]
    jobs = [Job(command, random_codes(layer, rng, config.array.pint)) for command in commands]
    check(jobs, config, seed=12, idle=0.1, stall=0.1, garbage=[words[n : n + 20] for n in range(0, count, 20)])


def test_a_wrong_descriptor_behind_another_takes_no_status():
    """It is skipped while the one before it runs, whose status comes first."""
    config, rng = CONFIGS["2x3x3x4"], np.random.default_rng(7)
    layer = Layer(2, 4, 2, 4, 5, 3, 1, 1)
    jobs = []
    for number, phase in enumerate(list(Phase) * 3):
        command = plan(layer, phase, config, tag=2 * number)
        jobs.append(Job(command, random_codes(layer, rng, config.array.pint)))
        command = plan(layer, phase, config, tag=2 * number + 1)
        wrong_words = wrong(command, psums=config.psum_depth + 1)
        jobs.append(Job(command, jobs[-1].codes, wait=0, words=wrong_words, error=Error.PSUM, **WRITTEN))
    check(jobs, config, seed=7)


def test_pieces_of_a_layer_whose_last_takes_sums():
    """Kernels in which row groups could share the last kernel row: the sums lie where the last piece reads them."""
    config, rng = CONFIGS["2x3x3x4"], np.random.default_rng(9)
    layer = Layer(2, 4, 2, 20, 9, 4, 1, 3)
    codes = [random_codes(layer, rng, config.array.pint) for _ in range(2)]
    first = plan(layer, Phase.FP, config, drain=False)
    last = plan(layer, Phase.FP, config, accumulate=True, sums=True)
    ran = run([Job(first, codes[0]), Job(last, codes[1])], config, seed=9)
    assert np.array_equal(ran.results[1], sum(expected(Job(last, each)) for each in codes))


def test_overflow_is_flagged_and_sums_wrap():
    """In 32 bits, the gradients of large codes leave their width; forward sums do not."""
    config = CONFIGS["3x4x2x1"]
    layer = Layer(3, 1, 3, 8, 8, 3, 1, 1)
    largest = {
        name: np.full(shape, 0x3F) for name, shape in (("x", layer.x_shape), ("w", layer.w_shape), ("e", layer.e_shape))
    }
    for phase, flagged in ((Phase.FP, False), (Phase.WG, True)):
        ran = check([Job(plan(layer, phase, config), largest)], config)
        assert ran.overflow == flagged

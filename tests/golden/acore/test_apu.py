"""The microprograms on the golden interpreter give what the golden operations give."""

import numpy as np
import pytest

from gen.compiler.acore import jobs
from gen.compiler.acore.jobs import FIRST_NEED
from hw.arch.acore.constants import Constant
from hw.arch.acore.microcode import RECORDS, assemble, microcode
from hw.arch.scalars import Factor, reciprocal
from hw.arch.tensors import TensorClass
from sim.golden.acore.apu import Apu
from sim.golden.pint import NEAREST, canonical, decode, encode, random16
from sim.golden.shifts import rsh, saturate, shift_left
from sim.golden.step import frn, loss, pool, tlu
from sim.golden.step.scales import Scales, need
from sim.golden.step.update import Parameter, Storage, Weights
from sim.golden.tensor import Tensor
from sim.testbench.acore.layer import layer

CHANNEL, MAP = RECORDS, RECORDS + 16
KEYS = {"key0": 0xFEDCBA9876543210, "key1": 0x55AA33CC0F0F1234}


def read(apu, name):
    return apu.memory[apu.word(name, CHANNEL, MAP)]


def start(**words):
    apu = Apu()
    for name, value in {"need": FIRST_NEED, **words}.items():
        apu.memory[apu.word(name.replace("__", "."), CHANNEL, MAP)] = int(value)
    return apu


def sums(rng, count, kind):
    """Sums of a map: of every size, zeros, a single one, the largest, and signs that alternate."""
    largest = (1 << 35) - 1
    return {
        "random": rng.integers(-(1 << rng.integers(2, 36)), 1 << rng.integers(2, 36), count),
        "zeros": np.zeros(count, np.int64),
        "spike": np.eye(1, count, dtype=np.int64)[0] * -largest,
        "largest": np.full(count, largest),
        "alternating": np.where(np.arange(count) % 2, largest, -largest - 1),
        "ones": np.ones(count, np.int64),
    }[kind]


MAPS = ["random", "zeros", "spike", "largest", "alternating", "ones"]


def codes(rng, count):
    return canonical(decode(rng.integers(0, 256, count)))


def check_needed(apu, wide, name="need", bits=12):
    expected = need(wide, bits)
    assert read(apu, name) == (FIRST_NEED if expected is None else expected)


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("count", [1, 2, 49, 1024])
@pytest.mark.parametrize("form", ["tlu", "linear", "add"])
def test_frn_forward(kind, count, form):
    rng = np.random.default_rng([count, MAPS.index(kind)])
    x, e_a = sums(rng, count, kind), int(rng.integers(-30, -5))
    gamma, beta, tau = (int(rng.integers(-(1 << 31), 1 << 31) >> rng.integers(0, 31)) for _ in range(3))
    apu = start(channel__gamma=gamma, channel__beta=beta, channel__tau=tau)
    shortcut, e_sc = (codes(rng, count), int(rng.integers(-45, 14))) if form == "add" else (None, 0)
    settings = {"e_a": e_a, "index": 7 * count, **KEYS}
    apu.run(jobs.Job("frn_sum", {}, {Constant.COUNT: count}, {"wide": x}), CHANNEL, MAP)
    assert read(apu, "map.sum") == np.abs(x).sum()
    job = jobs.forward(x, total=np.abs(x).sum(), shortcut=shortcut, e_shortcut=e_sc, tlu=form != "linear", **settings)
    found = apu.run(job, CHANNEL, MAP)

    x_hat, norm = frn.normalise(x.reshape(1, 1, 1, -1))
    added = None if shortcut is None else Tensor(decode(shortcut).reshape(1, 1, 1, -1), e_sc)
    y = frn.affine(x_hat, np.array([gamma]), np.array([beta]), added)
    index = np.arange(count) + 7 * count
    assert np.array_equal(found["side_o"].ravel(), encode(x_hat.ravel(), 4, random16(index, KEYS["key0"])))
    z = y
    if form != "linear":
        z, passed = tlu.forward(y, np.array([tau]))
        assert np.array_equal(found["bits_o"].ravel(), passed.ravel())
    assert np.array_equal(found["code_o"].ravel(), encode(z.ravel(), e_a + 24, random16(index, KEYS["key1"])))
    assert (read(apu, "map.m"), read(apu, "map.el")) == (norm.m.item(), norm.el.item())
    assert read(apu, "map.g16") == frn.gamma16(gamma)
    check_needed(apu, Tensor(z, -24))


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("count", [1, 49, 1024])
@pytest.mark.parametrize("form", ["wide", "add", "codes", "all"])
def test_frn_backward(kind, count, form):
    rng = np.random.default_rng([count, MAPS.index(kind), 1])
    e, ex, e_e = -30, -20, int(rng.integers(-40, -20))
    ed = e + int(rng.integers(-20, 25))
    x = sums(rng, count, "random")
    gamma, xq, bits = int(rng.integers(-(1 << 31), 1 << 31)), codes(rng, count), rng.integers(0, 2, count)
    streams = {"bits": bits}
    dz = sums(rng, count, kind)
    if form in ("wide", "add"):
        streams["wide"] = dz
    scale, e_code = int(rng.integers(1, 1 << 16)), e + int(rng.integers(-16, 40))
    if form != "wide":
        streams["code"] = codes(rng, count)
        t = decode(streams["code"])
        shift = min(e_code - e, 30)
        dz = dz + (rsh(t, -shift) if shift < 0 else shift_left(t, shift)) if form == "add" else t * scale
    if form == "all":
        del streams["bits"]
        bits = np.ones(count, int)
    _, norm = frn.normalise(x.reshape(1, 1, 1, -1))
    g16 = int(frn.gamma16(gamma))
    apu = start(
        channel__gamma=gamma,
        channel__d_gamma=5,
        channel__d_beta=-7,
        channel__d_tau=9,
        map__m=norm.m.item(),
        map__el=norm.el.item(),
        map__g16=g16,
    )
    settings = {"e": e, "ed": ed, "ex": ex, "e_e": e_e, "index": 3, "key1": KEYS["key1"], "e_code": e_code}
    first, second = jobs.backward_jobs(streams, xq, scale=scale, **settings)
    assert not apu.run(first, CHANNEL, MAP)
    dy, dtau = tlu.backward(dz.reshape(1, 1, 1, -1), bits.reshape(1, 1, 1, -1) == 1)
    check_needed(apu, Tensor(dy, e), bits=20)
    dd = saturate(rsh(dy, ed - e), 25)
    dx, dgamma, dbeta = frn.backward(dd, decode(xq).reshape(dd.shape), np.array([gamma]), norm, ex, ed)
    assert read(apu, "channel.d_gamma") == dgamma.item() + 5
    assert read(apu, "channel.d_beta") == dbeta.item() - 7
    assert read(apu, "channel.d_tau") == dtau.item() + 9
    apu.memory[apu.word("need")] = FIRST_NEED
    found = apu.run(second, CHANNEL, MAP)
    shift = e_e - int(dx.e.item())
    expected = encode(dx.t.ravel(), np.clip(shift, -128, 127), random16(np.arange(count) + 3, KEYS["key1"]))
    assert np.array_equal(found["code_o"].ravel(), expected)
    check_needed(apu, dx)


@pytest.mark.parametrize("kind", MAPS)
def test_tlu_and_conversion(kind):
    rng = np.random.default_rng(MAPS.index(kind))
    for e in (-40, -27, -24, -20, 3):
        count, e_a = 33, int(rng.integers(-30, 5))
        x, tau, bias = (
            sums(rng, count, kind),
            int(rng.integers(-(1 << 20), 1 << 20)),
            int(rng.integers(-(1 << 31), 1 << 31)),
        )
        apu = start(channel__beta=bias, channel__tau=tau)
        noise = random16(2 + 5 * np.arange(count), KEYS["key1"])
        job = jobs.tlu_forward(x, e=e, e_a=e_a, index=2, key1=KEYS["key1"], stride=5)
        found = apu.run(job, CHANNEL, MAP)
        total = x + rsh(bias, e + 24)
        z, passed = tlu.forward(saturate(rsh(total, -24 - e), 48).reshape(1, 1, 1, -1), np.array([tau]))
        assert np.array_equal(found["code_o"].ravel(), encode(z.ravel(), e_a + 24, noise))
        assert np.array_equal(found["bits_o"].ravel(), passed.ravel())
        check_needed(apu, Tensor(z, -24))
        words = {"align": e + 24}
        constants = {Constant.COUNT: count, Constant.SHIFT: 24}
        logits = apu.run(jobs.Job("add_bias", words, constants, {"wide": x}), CHANNEL, MAP)
        assert np.array_equal(logits["word_o"].ravel(), total)
        bits = rng.integers(0, 2, count)
        apu = start()
        settings = {"e": e, "e_o": e + 20, "index": 2, "key1": KEYS["key1"], "stride": 5}
        found = apu.run(jobs.convert({"wide": x, "bits": bits}, **settings), CHANNEL, MAP)
        dy, dtau = tlu.backward(x.reshape(1, 1, 1, -1), bits.reshape(1, 1, 1, -1) == 1)
        assert np.array_equal(found["code_o"].ravel(), encode(dy.ravel(), 20, noise))
        assert read(apu, "channel.d_tau") == dtau.item()
        check_needed(apu, Tensor(dy, e))
        apu = start()
        apu.set(Constant.NEAREST, 1)
        found = apu.run(jobs.convert({"wide": x}, **settings), CHANNEL, MAP)
        assert np.array_equal(found["code_o"].ravel(), encode(x, 20, NEAREST))


def test_sum_of_codes():
    rng = np.random.default_rng(0)
    apu, given = start(channel__d_beta=11), codes(rng, 100)
    constants = {Constant.COUNT: 100, Constant.SHIFT: 16, Constant.RESCALE: 16}
    apu.run(jobs.Job("sum_codes", {}, constants, {"code": given}), CHANNEL, MAP)
    assert read(apu, "channel.d_beta") == decode(given).sum() + 11


def windows(t, kernel):
    return np.stack([t[..., y::kernel, x::kernel].ravel() for y in range(kernel) for x in range(kernel)])


@pytest.mark.parametrize("kernel", [1, 2, 4])
def test_pools(kernel):
    rng = np.random.default_rng(kernel)
    given = codes(rng, 128).reshape(1, 2, 8, 8)
    t, apu = decode(given), start()
    stream = windows(given, kernel)
    factor, shift = reciprocal(kernel * kernel)
    job = jobs.pool("average_pool", {"code": stream}, factor=factor, e=-8 - shift, e_o=-9, index=0, key1=KEYS["key1"])
    wide = pool.average(t, (kernel, kernel), kernel)
    found = apu.run(job)
    assert np.array_equal(
        found["code_o"].ravel(), encode(wide.ravel(), shift - 1, random16(np.arange(wide.size), KEYS["key1"]))
    )
    check_needed(apu, Tensor(wide, -8 - shift))
    found = apu.run(jobs.pool("max_pool", {"code": stream}))
    best, index = pool.maximum(t, kernel, kernel)
    assert np.array_equal(found["code_o"].ravel(), canonical(best.ravel()))
    assert np.array_equal(found["side_o"].ravel(), index.ravel())
    found = apu.run(jobs.pool("pool_sum", {"code": stream}, factor=factor))
    assert np.array_equal(found["word_o"].ravel(), wide.ravel())
    error = codes(rng, best.size).reshape(best.shape)
    back = windows(pool.maximum_backward(decode(error), index, (8, 8), kernel, kernel), kernel)
    for place in range(kernel * kernel):
        side = (place << 8 | index.ravel())[None, :]
        found = apu.run(jobs.pool("max_pool_backward", {"code": error.reshape(1, -1), "side": side}))
        assert np.array_equal(found["word_o"].ravel(), back[place])


@pytest.mark.parametrize("decays", [False, True])
@pytest.mark.parametrize("storage", list(Storage))
@pytest.mark.parametrize("seed", range(6))
def test_weight_update(storage, seed, decays):
    rng = np.random.default_rng(seed)
    scales = Scales(seed, 2, {(1, TensorClass.V): -14})
    weights = Weights(1, rng.integers(-8192, 8192, (4, 3, 3, 3)), storage, scales)
    pint, limit = storage == Storage.PINT8, 4096 if storage == Storage.PINT8 else 32767

    def stored(tensor):
        return (canonical(tensor.t) if pint else tensor.t).ravel()

    for step in range(3):
        scales.training, scales.step = True, step
        if seed % 2:
            rate, e_g = Factor.nearest(float(rng.uniform(0, 4))), int(rng.integers(-60, 30))
        else:
            rate, e_g = Factor.nearest(0.01), -14
        decay = Factor.nearest(float(rng.uniform(0, 0.1))) if decays else None
        v = rng.integers(-limit, limit, weights.w.t.shape)
        weights.v = Tensor(decode(codes(rng, v.size)).reshape(v.shape) if pint else v, weights.v.e)
        gradient = codes(rng, v.size)
        scales.noise(1, TensorClass.W, (1,))  # derives the keys of this step
        key = {kind: scales._keys[1][16 + kind] for kind in (TensorClass.W, TensorClass.V, TensorClass.W8)}
        e_v, e_w, apu = int(weights.v.e), int(weights.w.e), start()
        e_v_new, e_w8 = scales.exponent(1, TensorClass.V), scales.exponent(1, TensorClass.W8)
        v, w, decayed = stored(weights.v), stored(weights.w), None
        if decay:
            decayed = apu.run(jobs.decay(w, decay, e_v=e_v, e_w=e_w, pint=pint))["word_o"]
        job = jobs.velocity(
            v,
            gradient,
            e_g=e_g,
            e_v=e_v,
            e_v_new=e_v_new,
            index=0,
            noise=key[TensorClass.V],
            pint=pint,
            decayed=decayed,
        )
        velocity = apu.run(job)["code_o" if pint else "word_o"].ravel()
        weights.update(Tensor(decode(gradient).reshape(weights.v.t.shape), e_g), rate, decay)
        assert np.array_equal(velocity, stored(weights.v))
        assert read(apu, "need") == scales.history[1, TensorClass.V]
        apu.memory[apu.word("need")] = FIRST_NEED
        job = jobs.update(
            velocity,
            w,
            rate,
            e_v=e_v_new,
            e_w=e_w,
            e_w8=e_w8,
            index=0,
            key0=key[TensorClass.W],
            key1=key[TensorClass.W8],
            pint=pint,
        )
        found = apu.run(job)
        assert np.array_equal(decode(found["code_o"].ravel()), weights.w8.t.ravel())
        if not pint:
            assert np.array_equal(found["word_o"].ravel(), weights.w.t.ravel())
        assert read(apu, "need") == scales.history[1, TensorClass.W8]


@pytest.mark.parametrize("seed", range(20))
def test_parameters(seed):
    rng = np.random.default_rng(seed)
    rate = Factor.nearest(float(2.0 ** rng.integers(-12, 3) * rng.uniform(0.5, 1))) if seed else Factor.nearest(0)
    names, words, expected, exponents = ("gamma", "beta", "tau"), {}, {}, {}
    for name in names:
        value, velocity, gained = (int(rng.integers(-(1 << b), 1 << b) >> rng.integers(0, b)) for b in (31, 24, 55))
        exponents[name] = int(rng.integers(-60, 10))
        parameter = Parameter(np.array([value]), np.array([velocity]))
        parameter.update(np.array([gained]), exponents[name], rate)
        expected |= {f"channel.{name}": parameter.value.item(), f"channel.v_{name}": parameter.velocity.item()}
        words |= {f"channel__{name}": value, f"channel__v_{name}": velocity, f"channel__d_{name}": gained}
    apu = start(**words)
    apu.run(jobs.parameters("update_frn", rate, exponents), CHANNEL, MAP)
    for name, value in {**expected, **{f"channel.d_{name}": 0 for name in names}}.items():
        assert read(apu, name) == value


@pytest.mark.parametrize("classes", [1, 2, 10, 100])
def test_softmax(classes):
    rng = np.random.default_rng(classes)
    for label in range(min(classes, 12)):
        e = int(rng.integers(-25, -10))
        logits = rng.integers(-(1 << 20), 1 << 20, (1, classes)) >> rng.integers(0, 20)
        apu = start()
        first, second, third = jobs.softmax(logits[0], label, e=e)
        apu.run(first)
        third.streams["wide"] = apu.run(second)["result"]
        found = apu.run(third)["result"]
        error = loss.softmax_error(loss.probabilities(Tensor(logits, e)), np.array([label]))
        assert np.array_equal(found, error.t[0])
        check_needed(apu, error)


@pytest.mark.parametrize(
    "source, message",
    [
        ("chain a what=1", "Chain field must be a new one of wide, .*, not 'what'"),
        ("chain a pool=two", "Chain pool must be one of none, sum, max, not 'two'"),
        ("program p\n    ld nothing", "Microprogram word must be one of the APU's memory, not 'nothing'"),
        ("program p\n    ld", "Microprogram instruction must be an operation with its operand, not 'ld'"),
        ("program p\n    ldi 65536", "Microprogram number must fit 17 bits, not 65536"),
        ("program p\n    sat 24", r"Microprogram sat must be to one of \(8, 16, .*\) bits, not 24"),
        ("program p\n    set what", "Operand of set must be one of shift, .*, not 'what'"),
        ("program p\n    jmp .there", "Microprogram label must be defined in its program or macro, not '.there'"),
        ("job j p", "Job j must name a program and a chain, not 'p'"),
        ("macro m a\n    ld a\nend\nprogram p\n    m", "Macro m must have 1 operands, not 0"),
        ("what", "Microprogram line must be chain, program, macro or a label, not 'what'"),
        ("program p\n" + "    run\n" * 513, "Microprograms must have at most 512 instructions, not 513"),
    ],
)
def test_a_wrong_source_is_one_sentence(source, message):
    with pytest.raises(ValueError, match=message):
        assemble(source)


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_layer(seed):
    apu = Apu()
    layer(
        lambda job, channel, map_: apu.run(job, channel, map_),
        lambda name, channel=CHANNEL: apu.memory[apu.word(name, channel)],
        np.random.default_rng(seed),
    )


def test_every_chain_is_some_job():
    code = microcode()
    assert {chain for _, chain in code.jobs.values() if chain} == set(code.chains)

"""A layer of a training step on an APU: the sums are golden's, all else is computed by microprograms."""

from collections.abc import Callable

import numpy as np

from gen.compiler.acore import jobs
from gen.compiler.acore.jobs import FIRST_NEED, Job
from gen.model.network import Conv, Fc, Input, Network, Pool, PoolKind
from hw.arch.acore.microcode import RECORDS
from hw.arch.scalars import Factor
from hw.arch.tensors import TensorClass, follows_loss, tensor_number
from sim.golden import conv
from sim.golden.noise import step_keys
from sim.golden.pint import canonical, decode
from sim.golden.step.nodes import ConvNode
from sim.golden.step.step import GoldenNetwork
from sim.golden.tensor import Tensor

__all__ = ["layer"]

NETWORK = Network("layer", (Input(1, 4, 3), Conv(0, 2), Pool(1, PoolKind.GLOBAL), Fc(2, 3)))
IMAGES, CHANNELS = 2, 2

#: Runs a job on the records of channel c and map n; returns its outputs by name.
Run = Callable[[Job, int, int], dict[str, np.ndarray]]


def _channel(c: int) -> int:
    return RECORDS + 9 * c


def _map(n: int, c: int) -> int:
    return RECORDS + 9 * CHANNELS + 5 * (n * CHANNELS + c)


def layer(run: Run, word: Callable[..., int], rng) -> None:
    """Forward, backward and update of a conv with FRN and TLU, each result compared with golden's node.

    Parameters
    ----------
    run : callable
    word : callable
        Value of a word of the APU's memory: its name, and the channel's record where it is in one.
    rng : numpy.random.Generator
    """
    golden = GoldenNetwork(NETWORK, int(rng.integers(0, 1 << 62)))
    node, scales = golden.nodes[1], golden.scales
    assert isinstance(node, ConvNode)
    scales.training = True
    before = dict(scales.history)
    for name, parameter in node.parameters.items():
        largest = 1 << (25 if name == "gamma" else 22)
        parameter.value = rng.integers(-largest, largest, CHANNELS)
        parameter.velocity = rng.integers(-(1 << 12), 1 << 12, CHANNELS)
    keys = step_keys(scales.seed, scales.step, 16 * scales.layers)

    def key(kind: TensorClass) -> int:
        return keys[tensor_number(1, kind)]

    def needs(kind: TensorClass) -> None:
        ref, after = scales.ref if follows_loss(kind) else 0, scales.history[1, kind]
        zeros = after == before[1, kind]  # as a tensor of zeros leaves it
        assert word("need") == after + ref or (zeros and word("need") == FIRST_NEED), f"need of {kind!r}"

    def each_map(make: Callable[[int, int], Job]) -> dict[str, np.ndarray]:
        """Outputs of a job on every map, as [n][c][pixel]."""
        found: dict[str, list] = {}
        first = {"need": FIRST_NEED}
        for n in range(IMAGES):
            for c in range(CHANNELS):
                job = make(n, c)
                job.words |= first
                first = {}
                for name, values in run(job, _channel(c), _map(n, c)).items():
                    found.setdefault(name, []).append(values.ravel())
        return {name: np.reshape(values, (IMAGES, CHANNELS, -1)) for name, values in found.items()}

    e_x, e_z, pixels = -10, -30, 12
    x = Tensor(decode(canonical(decode(rng.integers(0, 256, (IMAGES, 1, 4, 3))))), e_x)
    ex = e_x + int(node.weights.w8.e)
    sums = conv.forward(x.t, node.weights.w8.t, 1, 1, 36).reshape(IMAGES, CHANNELS, -1)
    e_a = scales.exponent(1, TensorClass.A)
    names = ("gamma", "beta", "tau")

    def forward(n: int, c: int) -> Job:
        job = jobs.forward(
            sums[n, c],
            e_a=e_a,
            index=pixels * (n * CHANNELS + c),
            total=int(np.abs(sums[n, c]).sum()),
            key0=key(TensorClass.XQ),
            key1=key(TensorClass.A),
        )
        if n == 0:
            job.words |= {f"channel.{name}": int(node.parameters[name].value[c]) for name in names}
            job.words |= {f"channel.v_{name}": int(node.parameters[name].velocity[c]) for name in names}
            job.words |= {f"channel.d_{name}": 0 for name in names}
        return job

    out = each_map(forward)
    expected = node.forward(x)
    assert np.array_equal(out["code_o"], canonical(expected.t).reshape(out["code_o"].shape))
    needs(TensorClass.A)

    dz = Tensor(rng.integers(-(1 << 20), 1 << 20, (IMAGES, CHANNELS, 4, 3)), e_z)
    e_e, ed = scales.exponent(1, TensorClass.E), scales.exponent(1, TensorClass.DY)
    e_g = scales.exponent(1, TensorClass.G)

    def backward(which: int) -> Callable[[int, int], Job]:
        def make(n: int, c: int) -> Job:
            streams = {"wide": dz.t[n, c].ravel(), "bits": out["bits_o"][n, c]}
            return jobs.backward_jobs(
                streams,
                out["side_o"][n, c],
                e=e_z,
                ed=ed,
                ex=ex,
                e_e=e_e,
                index=pixels * (n * CHANNELS + c),
                key1=key(TensorClass.E),
            )[which]

        return make

    assert node.backward(dz, True, False).wide is not None
    each_map(backward(0))
    needs(TensorClass.DY)
    error = decode(each_map(backward(1))["code_o"]).reshape(dz.t.shape)
    needs(TensorClass.E)

    wide = conv.gradient(x.t, error, 3, 1, 1, 36)
    made = jobs.convert({"wide": wide.ravel()}, e=e_x + e_e, e_o=e_g, index=0, key1=key(TensorClass.G))
    made.words |= {"need": FIRST_NEED}
    gradient = run(made, _channel(0), _map(0, 0))["code_o"].ravel()
    assert node.gradient is not None
    assert np.array_equal(gradient, canonical(node.gradient.t.ravel()))
    needs(TensorClass.G)

    rate, decay, weights = Factor.nearest(0.05), Factor.nearest(0.01), node.weights
    v, w, e_v, e_w = weights.v.t.ravel(), weights.w.t.ravel(), int(weights.v.e), int(weights.w.e)
    e_v_new, e_w8 = scales.exponent(1, TensorClass.V), scales.exponent(1, TensorClass.W8)

    def update(job: Job) -> dict[str, np.ndarray]:
        job.words |= {"need": FIRST_NEED}
        return {name: values.ravel() for name, values in run(job, _channel(0), _map(0, 0)).items()}

    decayed = update(jobs.decay(w, decay, e_v=e_v, e_w=e_w, pint=False))["word_o"]
    made = jobs.velocity(
        v, gradient, e_g=e_g, e_v=e_v, e_v_new=e_v_new, index=0, noise=key(TensorClass.V), pint=False, decayed=decayed
    )
    velocity, shifts = update(made)["word_o"], {name: e for name, (_, e) in node.gained.items()}
    node.update(rate, decay)
    assert np.array_equal(velocity, weights.v.t.ravel())
    needs(TensorClass.V)
    made = jobs.update(
        velocity,
        w,
        rate,
        e_v=e_v_new,
        e_w=e_w,
        e_w8=e_w8,
        index=0,
        key0=key(TensorClass.W),
        key1=key(TensorClass.W8),
        pint=False,
    )
    updated = update(made)
    assert np.array_equal(updated["word_o"], weights.w.t.ravel())
    assert np.array_equal(updated["code_o"], canonical(weights.w8.t.ravel()))
    needs(TensorClass.W8)
    for c in range(CHANNELS):
        run(jobs.parameters("update_frn", rate, shifts), _channel(c), _map(0, c))
        for name in names:
            assert word(f"channel.{name}", _channel(c)) == node.parameters[name].value[c], f"{name} of channel {c}"
            assert word(f"channel.v_{name}", _channel(c)) == node.parameters[name].velocity[c]

"""Bench of the whole TaxoNN machine at its AXI ports, against the golden network; AXI by cocotbext-axi."""

import random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from hw.arch.taxonn.config import Activation, FixedFormat, Rounding, TaxonnConfig
from hw.arch.taxonn.maps import parse_layers
from hw.arch.taxonn.registers import LayerRegister, Register, layer_register, weight_address
from sim.golden.taxonn.layer import rate_code
from sim.golden.taxonn.network import Network
from sim.golden.taxonn.noise import layer_key
from sim.rtl.parameters import PARAMETERS, SEED


def configuration() -> TaxonnConfig:
    """Return the configuration under test."""
    layers, convolutions = parse_layers(PARAMETERS["layers"])
    return TaxonnConfig(
        layers,
        tuple(map(Activation, PARAMETERS["activations"])),
        tuple(FixedFormat.parse(form) for form in PARAMETERS["formats"]),
        Rounding(PARAMETERS["rounding"]),
        convolutions,
        Rounding(PARAMETERS["conversion"]),
    )


CONFIG = configuration()


def pauses(rng: random.Random, share: float):
    """Yield whether to pause, cycle by cycle."""
    while True:
        yield rng.random() < share


#: It takes words, whatever its annotation says.
_frame: Any = AxiStreamFrame


class Machine:
    """The machine behind its three ports."""

    def __init__(self, dut, pause=0.0, drain=True):
        self.dut, self.rng, self.config = dut, random.Random(SEED), CONFIG
        self.np = np.random.default_rng(SEED)
        self.axil: Any = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        streams: dict[str, Any] = {"byte_lanes": 1}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_sample"), dut.clk, dut.rst, **streams)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_result"), dut.clk, dut.rst, **streams)
        if pause:
            for port in (self.source, self.sink):
                port.set_pause_generator(pauses(self.rng, pause))
            for channel in ("aw", "w", "ar"):
                part = self.axil.read_if if channel == "ar" else self.axil.write_if
                getattr(part, f"{channel}_channel").set_pause_generator(pauses(self.rng, pause))

    async def begin(self):
        """Start the clock and reset; return the machine."""
        Clock(self.dut.clk, 2, unit="ns").start()
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)
        return self

    async def write(self, address, value, answer=AxiResp.OKAY):
        """Write a register or a weight, and hold the machine to its answer."""
        response = await self.axil.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))
        assert response.resp == answer, f"write of {address:#x}: {response.resp}"

    async def read(self, address, answer=AxiResp.OKAY):
        """Read a register or a weight, and hold the machine to its answer."""
        response = await self.axil.read(address, 4)
        assert response.resp == answer, f"read of {address:#x}: {response.resp}"
        return int.from_bytes(response.data, "little", signed=True)

    async def load(self, weights, rate: float, seed: int):
        """Write weights, learning rate and keys."""
        for i, (values, form) in enumerate(zip(weights, self.config.formats, strict=True)):
            for (row, column), value in np.ndenumerate(values):
                await self.write(weight_address(i, *self.config.place(i, row, column)), int(value))
            key = layer_key(seed, i + 1)
            await self.write(layer_register(i, LayerRegister.RATE), rate_code(rate, form))
            await self.write(layer_register(i, LayerRegister.KEY_LOW), key & 0xFFFFFFFF)
            await self.write(layer_register(i, LayerRegister.KEY_HIGH), key >> 32)
        await self.write(Register.RESTART, 0)

    async def weights(self):
        """Read all weights."""
        await self.idle()
        found = [np.zeros(shape, np.int64) for shape in self.config.shapes]
        for i, values in enumerate(found):
            for place in np.ndindex(values.shape):
                values[place] = await self.read(weight_address(i, *self.config.place(i, *place)))
        return found

    async def idle(self):
        """Wait until nothing is under way."""
        while await self.read(Register.STATUS):
            await ClockCycles(self.dut.clk, 10)

    async def send(self, x, label: int, train: bool):
        """Send a sample."""
        bits = len(self.dut.s_axis_sample_tdata)
        await self.source.send(_frame([int(v) & (1 << bits) - 1 for v in x], tuser=label << 1 | train))

    async def result(self) -> list[int]:
        """Return the results of the next sample."""
        bits = len(self.dut.m_axis_result_tdata)
        words = (await self.sink.recv()).tdata
        return [word - (1 << bits) * (word >> bits - 1) for word in words]

    def random_weights(self, extreme: float = 0.0):
        """Return weights over the whole range, a share of them the extremes, else of a size that learns."""
        weights = []
        for shape, form in zip(self.config.shapes, self.config.formats, strict=True):
            spread = form.one * 2 / np.sqrt(shape[1] - 1)
            values = np.clip(self.np.normal(0, spread, shape), form.low, form.high).astype(np.int64)
            ends = self.np.choice([form.low, form.high], values.shape)
            weights.append(np.where(self.np.random(values.shape) < extreme, ends, values))
        return weights

    def samples(self, count: int, extreme: float = 0.0, train: float = 1.0):
        """Return (x, label, train) of random samples."""
        form, sizes = self.config.formats[0], self.config.layers
        found = []
        for _ in range(count):
            x = self.np.integers(-form.one, form.one + 1, sizes[0])
            ends = self.np.choice([form.low, form.high], sizes[0])
            x = np.where(self.np.random(sizes[0]) < extreme, ends, x)
            found.append((x, int(self.np.integers(sizes[-1])), bool(self.np.random() < train)))
        return found


async def compare(machine: Machine, weights, samples, rate: float):
    """Run the samples on the machine and the golden network; compare all results and all weights."""
    seed = machine.rng.getrandbits(64)
    golden = Network(machine.config, weights, seed)
    await machine.load(weights, rate, seed)

    async def feed():
        for sample in samples:
            await machine.send(*sample)

    feeding = cocotb.start_soon(feed())
    for number, (x, label, train) in enumerate(samples):
        expected = (golden.train(x, label, rate) if train else golden.infer(x)).tolist()
        result = await machine.result()
        assert result == expected, f"results of sample {number} ({'train' if train else 'infer'})"
    await feeding
    for i, (values, expected) in enumerate(zip(await machine.weights(), golden.weights, strict=True)):
        assert np.array_equal(values, expected), f"weights of layer {i + 1}:\n{values - expected}"
    assert await machine.read(Register.STEPS) == golden.step
    return golden


RATE = 0.12


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.4])
async def trains_and_infers(dut, pause):
    machine = await Machine(dut, pause).begin()
    await compare(machine, machine.random_weights(), machine.samples(12, train=0.6), RATE)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def saturates(dut):
    machine = await Machine(dut, 0.1).begin()
    await compare(machine, machine.random_weights(0.5), machine.samples(10, 0.5), RATE)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def infers_without_a_gap(dut):
    machine = await Machine(dut).begin()
    await compare(machine, machine.random_weights(), machine.samples(10, train=0.0), RATE)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def keeps_the_cycles_of_the_paper(dut):
    machine = await Machine(dut).begin()
    steps = 3
    await compare(machine, machine.random_weights(), machine.samples(steps), RATE)
    cycles = [await machine.read(register) for register in list(Register)[3:]]
    assert cycles == [steps * each for each in PARAMETERS["step_cycles"]]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def latency(dut):
    machine = await Machine(dut).begin()
    await machine.load(machine.random_weights(), RATE, 1)
    await ClockCycles(dut.clk, 40)
    await machine.source.send(_frame([0] * machine.config.layers[0], tuser=0))
    begin = None
    cycle = 0
    for cycle in range(10000):
        await FallingEdge(dut.clk)
        if begin is None and int(dut.s_axis_sample_tvalid.value):
            begin = cycle
        if int(dut.m_axis_result_tvalid.value) and int(dut.m_axis_result_tlast.value):
            break
    assert begin is not None
    assert cycle - begin == PARAMETERS["latency"]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def starts_again_with_the_same_noise(dut):
    machine = await Machine(dut).begin()
    for _ in range(2):
        await compare(machine, machine.random_weights(), machine.samples(3), RATE)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def refuses_what_it_does_not_have(dut):
    machine = await Machine(dut).begin()
    sizes, depth = machine.config.layers, machine.config.depth
    for address in (0x18, 0x3C, layer_register(depth, LayerRegister.RATE), weight_address(0, machine.config.pes[0], 0)):
        await machine.write(address, 1, AxiResp.SLVERR)
        await machine.read(address, AxiResp.SLVERR)
    await machine.read(weight_address(0, 0, machine.config.words[0]), AxiResp.SLVERR)
    await machine.write(Register.STEPS, 1, AxiResp.SLVERR)
    await machine.read(Register.RESTART, AxiResp.SLVERR)
    response = await machine.axil.write(layer_register(0, LayerRegister.RATE), b"\1")
    assert response.resp == AxiResp.SLVERR
    # A rate that the format does not hold, from 2^(I - 3) on, leaves the rate as it was.
    for layer, form in enumerate(machine.config.formats):
        rate = layer_register(layer, LayerRegister.RATE)
        for value in (5, form.high):
            await machine.write(rate, value)
            for wrong in (form.high + 1, form.high + 1 | value, 1 << 31, -1):
                await machine.write(rate, wrong, AxiResp.SLVERR)
            assert await machine.read(rate) == value
        key = layer_register(layer, LayerRegister.KEY_HIGH)
        await machine.write(key, 0xFFFFFFFF)
        assert await machine.read(key) & 0xFFFFFFFF == 0xFFFFFFFF

    # Weights do not answer while results are not taken, and are as before afterwards.
    weights = machine.random_weights()
    machine.sink.pause = True
    await machine.load(weights, RATE, 1)
    await machine.send(*machine.samples(1, train=0.0)[0])
    await ClockCycles(dut.clk, 50 + 3 * sum(sizes))
    assert await machine.read(Register.STATUS) == 1
    await machine.write(weight_address(0, 0, 0), 1, AxiResp.SLVERR)
    machine.sink.pause = False
    await machine.result()
    for values, expected in zip(await machine.weights(), weights, strict=True):
        assert np.array_equal(values, expected)
    await FallingEdge(dut.clk)

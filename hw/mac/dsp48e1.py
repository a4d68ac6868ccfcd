"""The MAC cell as one DSP48E1 slice of the 7 series, without a LUT."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, signed
from amaranth.lib import wiring

from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat
from hw.mac.cell import CellSignature

__all__ = ["DspCell"]


class DspCell(wiring.Component):
    """p = (multiply ? a * b : 0) + {0, p_in, p}[add_to], all registers inside the slice.

    OPMODE = {0, z1, z0, 0, m, 0, m}; B1 holds the weight being loaded, B2 the active one; `b_out` is BCOUT from B1.
    A primitive, because an inferred MAC leaves the multiplexer of the second addend in fabric.

    Latency: 3 cycles from `a` to `p`, one operation a cycle; see :class:`CellControl` for the alignment.

    Parameters
    ----------
    pint : PintFormat
        Number format; the operands are decoded values, 18 bits at the most.
    acc_bits : int
        Width of `p`; the slice itself sums in 48 bits.
    head : bool
        Whether this is the first cell of its chain (B from fabric, no cascade in).

    Source: AMD UG479 (7 Series DSP48E1 Slice), Tables 2-3 to 2-9; architecture.md Section 2.
    """

    LATENCY = 3

    def __init__(self, *, pint: PintFormat, acc_bits: int, head: bool):
        self._head = head
        self.module_name = "dsp_cell_head" if head else "dsp_cell"
        super().__init__(CellSignature(form=MacForm.DSP, pint=pint, acc_bits=acc_bits, head=head))

    def elaborate(self, platform):
        m = Module()
        head = self._head
        a, b, p = Signal(signed(30)), Signal(signed(18)), Signal(signed(48))
        add_to = self.control.add_to.as_value()
        multiply = self.control.multiply
        # The head has no cascade in, so AddTo.CASCADE selects zero there.
        z0 = Const(0, 1) if head else add_to[0]
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.p.eq(p)]
        m.submodules.slice = Instance(
            "DSP48E1",
            p_AREG=1,
            p_ACASCREG=1,
            p_BREG=2,
            p_BCASCREG=1,
            p_MREG=1,
            p_PREG=1,
            p_OPMODEREG=1,
            p_CREG=1,
            p_DREG=0,
            p_ADREG=0,
            p_INMODEREG=0,
            p_ALUMODEREG=0,
            p_CARRYINREG=0,
            p_CARRYINSELREG=0,
            p_A_INPUT="DIRECT",
            p_B_INPUT="DIRECT" if head else "CASCADE",
            p_USE_DPORT="FALSE",
            p_USE_MULT="MULTIPLY",
            p_USE_SIMD="ONE48",
            p_USE_PATTERN_DETECT="NO_PATDET",
            i_CLK=ClockSignal(),
            i_A=a,
            i_ACIN=Const(0, 30),
            i_C=Const(0, 48),
            i_D=Const(0, 25),
            i_B=b if head else Const(0, 18),
            i_BCIN=Const(0, 18) if head else b,
            i_PCIN=Const(0, 48) if head else self.p_in,
            i_OPMODE=Cat(multiply, Const(0, 1), multiply, Const(0, 1), z0, add_to[1], Const(0, 1)),
            i_ALUMODE=Const(0, 4),
            i_INMODE=Const(0, 5),
            i_CARRYIN=Const(0, 1),
            i_CARRYINSEL=Const(0, 3),
            i_CARRYCASCIN=Const(0, 1),
            i_MULTSIGNIN=Const(0, 1),
            i_CEA1=Const(0, 1),
            i_CEA2=Const(1, 1),
            i_CEB1=self.control.load_b1,
            i_CEB2=self.control.load_b2,
            i_CEM=Const(1, 1),
            i_CEP=Const(1, 1),
            i_CECTRL=Const(1, 1),
            i_CEAD=Const(0, 1),
            i_CEALUMODE=Const(0, 1),
            i_CEC=Const(0, 1),
            i_CECARRYIN=Const(0, 1),
            i_CED=Const(0, 1),
            i_CEINMODE=Const(0, 1),
            i_RSTP=self.clear,
            i_RSTCTRL=self.clear,
            i_RSTA=Const(0, 1),
            i_RSTB=Const(0, 1),
            i_RSTM=Const(0, 1),
            i_RSTC=Const(0, 1),
            i_RSTD=Const(0, 1),
            i_RSTALLCARRYIN=Const(0, 1),
            i_RSTALUMODE=Const(0, 1),
            i_RSTINMODE=Const(0, 1),
            o_P=p,
            o_PCOUT=self.p_out,
            o_BCOUT=self.b_out,
        )
        return m

"""The memory of the APU: names of the words that commands and programs share."""

from .scalar import Base

__all__ = ["PUBLIC"]

#: Memory words that commands and programs share, by name: absolute, of a channel's record, of a map's record.
PUBLIC = {
    Base.ABSOLUTE: (
        "n",
        "n_scaled",
        "n_bits",
        "mean_shift",
        "reciprocal",
        "error_shift",
        "align",
        "need_offset",
        "need",
        "saturated",
        "saturated1",
        "rate",
        "rate_shift",
        "gamma_shift",
        "beta_shift",
        "tau_shift",
        "classes",
        "label",
        "t0",
        "t1",
        "t2",
        "t3",
        "t4",
        "t5",
    ),
    Base.CHANNEL: ("gamma", "beta", "tau", "v_gamma", "v_beta", "v_tau", "d_gamma", "d_beta", "d_tau"),
    Base.MAP: ("sum", "m", "el", "g16", "dgn"),
}

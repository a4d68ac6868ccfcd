"""cocotb test benches; pytest starts them through `sim.rtl.runner`."""

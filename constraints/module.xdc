# Constraints of @top for a build out of context, that is as a part of a larger design.

create_clock -name @clock -period @period [get_ports @clock]
# The clock comes from a global buffer outside; naming one lets the tools count its real skew.
set_property HD.CLK_SRC BUFGCTRL_X0Y0 [get_ports @clock]

# Whatever drives the inputs and reads the outputs has @margin ns of the period. Only the data path is bounded:
# the skew to registers outside is not known here, so neither is hold at the ports.
set_max_delay -datapath_only -from [get_ports {@inputs}] -to [get_clocks @clock] @inside
set_max_delay -datapath_only -from [get_clocks @clock] -to [get_ports {@outputs}] @inside

# Build @top out of context with Vivado: vivado -mode batch -source @top.tcl
# Reports and a checkpoint go to the folder vivado beside this script. Ends with code 1 when a step fails,
# a net is not routed or the timing is not met.

set top @top
set part @part
set sources {@sources}
set constraints @top.xdc

# Worst slack over all paths in ns, empty where there is no path; delay is max (setup) or min (hold).
proc worst_slack {delay} {
    set paths [get_timing_paths -delay_type $delay -max_paths 1 -nworst 1]
    if {[llength $paths] == 0} { return "" }
    return [get_property SLACK [lindex $paths 0]]
}

proc build {here} {
    global top part sources constraints
    set out [file join $here vivado]
    file mkdir $out

    foreach source $sources { read_verilog [file join $here $source] }
    read_xdc -mode out_of_context [file join $here $constraints]
    synth_design -top $top -part $part -mode out_of_context
    write_checkpoint -force [file join $out synthesised.dcp]
    opt_design
    place_design
    phys_opt_design
    route_design
    write_checkpoint -force [file join $out routed.dcp]

    report_utilization -file [file join $out utilization.rpt]
    report_utilization -hierarchical -file [file join $out utilization_hierarchical.rpt]
    report_timing_summary -file [file join $out timing.rpt]
    report_route_status -file [file join $out route_status.rpt]

    if {[report_route_status -boolean_check ERRORS_IN_ROUTES]} { error "routing left errors" }
    set setup [worst_slack max]
    set hold [worst_slack min]
    puts "Worst slack of $top at @period ns: setup $setup ns, hold $hold ns"
    if {$setup eq ""} { error "no path is constrained" }
    # Registers that are all inside DSP slices leave no path to check for hold.
    if {$setup < 0 || ($hold ne "" && $hold < 0)} { error "timing is not met" }
}

if {[catch {build [file dirname [file normalize [info script]]]} message]} {
    puts stderr "Build of $top failed: $message"
    exit 1
}
exit 0

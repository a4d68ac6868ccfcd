# Stand-ins for the Vivado commands of the build scripts, after AMD UG835: each checks its options and arguments,
# the files it reads and the order of the flow, and notes its call in the file $env(CALLS).
# The run is set by $env(PORTS), SETUP_SLACK, HOLD_SLACK (empty: no such path), ROUTE_ERRORS and FAIL (a command).

# command -> flags, options with a value, least and most other arguments, state before, state after
set commands {
    read_verilog          {-sv -quiet -verbose} {-library} 1 1 start start
    read_xdc              {-unmanaged -no_add} {-mode -cells -ref} 1 1 start start
    synth_design          {-rtl -assert} {-top -part -mode -flatten_hierarchy -directive} 0 0 start synthesised
    opt_design            {-retarget -sweep} {-directive} 0 0 synthesised optimised
    place_design          {-no_timing_driven} {-directive} 0 0 optimised placed
    phys_opt_design       {} {-directive} 0 0 placed placed
    route_design          {-no_timing_driven} {-directive} 0 0 placed routed
    write_checkpoint      {-force} {} 1 1 any same
    report_utilization    {-hierarchical -append} {-file -hierarchical_depth} 0 0 any same
    report_timing_summary {-no_header} {-file -max_paths -delay_type} 0 0 routed same
    report_route_status   {-show_all} {-file -boolean_check} 0 0 routed same
    get_timing_paths      {} {-delay_type -max_paths -nworst} 0 0 routed same
    get_property          {} {} 2 2 any same
    create_clock          {-add} {-name -period -waveform} 1 1 any same
    set_property          {} {} 3 3 any same
    set_max_delay         {-datapath_only} {-from -to} 1 1 any same
    get_ports             {-quiet} {-filter} 1 1 any same
    get_clocks            {-quiet} {} 1 1 any same
    create_project        {-force -in_memory} {-part} 1 2 start project
    add_files             {-norecurse -quiet} {-fileset} 1 1 project same
    current_fileset       {} {} 0 0 project same
    update_compile_order  {-quiet} {-fileset} 0 0 project same
    ipx::package_project  {-import_files -force} {-root_dir -vendor -library -taxonomy} 0 0 project packaged
    ipx::current_core     {} {} 0 0 packaged same
    ipx::get_bus_interfaces {-quiet} {-of_objects} 1 1 packaged same
    ipx::infer_bus_interface {} {} 3 3 packaged same
    ipx::add_bus_parameter {} {} 2 2 packaged same
    ipx::associate_bus_interfaces {} {-busif -clock} 1 1 packaged same
    ipx::create_xgui_files {} {} 1 1 packaged same
    ipx::update_checksums {} {} 1 1 packaged checked
    ipx::check_integrity  {-quiet} {} 1 1 checked same
    ipx::save_core        {} {} 1 1 checked saved
    close_project         {-delete} {} 0 0 saved closed
}
set values {
    -mode {out_of_context default} -boolean_check {ERRORS_IN_ROUTES PARTIALLY_ROUTED PLACED_FULLY ROUTED_FULLY}
    -delay_type {max min min_max}
}
set state start
set clocks {}
set sources {}

proc check {command flags valued least most before after arguments} {
    global state values env
    set log [open $env(CALLS) a]
    puts $log [concat $command $arguments]
    close $log
    if {$env(FAIL) eq $command} { error "$command failed, as asked" }
    if {$before ne "any" && $state ne $before} { error "$command must not come when the design is $state" }
    set others {}
    set options [dict create]
    while {[llength $arguments]} {
        set arguments [lassign $arguments argument]
        if {$argument in $flags} {
            dict set options $argument 1
        } elseif {$argument in $valued} {
            if {![llength $arguments]} { error "$command: $argument lacks its value" }
            set arguments [lassign $arguments value]
            if {[dict exists $values $argument] && $value ni [dict get $values $argument]} {
                error "$command: $argument must not be $value"
            }
            dict set options $argument $value
        } elseif {[string match -* $argument] && ![string is double $argument]} {
            error "$command: unknown option $argument"
        } else {
            lappend others $argument
        }
    }
    if {[llength $others] < $least || [llength $others] > $most} { error "$command: wrong arguments {$others}" }
    if {$after ne "same"} { set state $after }
    return [list $options $others]
}

namespace eval ipx {}
namespace eval do_ipx {}
foreach {command flags valued least most before after} $commands {
    proc $command args [format {
        lassign [check %s {%s} {%s} %s %s %s %s $args] options others
        return [do_%s $options $others]
    } $command $flags $valued $least $most $before $after $command]
    proc do_$command {options others} {}
}

proc must_exist {file} { if {![file isfile $file]} { error "no file $file" } }
proc write_file {file} { close [open $file w] }

proc do_read_verilog {options others} { must_exist [lindex $others 0]; lappend ::sources [lindex $others 0] }
proc do_read_xdc {options others} { set ::xdc [lindex $others 0]; must_exist $::xdc }
proc do_synth_design {options others} {
    foreach option {-top -part -mode} { dict get $options $option }
    if {[dict get $options -part] ne "xc7vx690tffg1761-2"} { error "synth_design: unknown part" }
    if {![llength $::sources]} { error "synth_design: no sources" }
    if {[info exists ::xdc]} { uplevel #0 [list source $::xdc] }
}
proc do_write_checkpoint {options others} { write_file [lindex $others 0] }
proc do_report_utilization {options others} { write_file [dict get $options -file] }
proc do_report_timing_summary {options others} { write_file [dict get $options -file] }
proc do_report_route_status {options others} {
    if {[dict exists $options -file]} { write_file [dict get $options -file] }
    return $::env(ROUTE_ERRORS)
}
proc do_get_timing_paths {options others} {
    if {![llength $::clocks]} { return {} }
    if {[dict get $options -delay_type] eq "min"} { return $::env(HOLD_SLACK) }
    return $::env(SETUP_SLACK)
}
proc do_get_property {options others} {
    if {[lindex $others 0] ne "SLACK"} { error "get_property: unknown property" }
    return [lindex $others 1]
}
proc do_create_clock {options others} { lappend ::clocks [dict get $options -name] }
proc do_set_property {options others} {
    # Of a clock port; of the sources; of a core, and of a parameter of a bus.
    set known {HD.CLK_SRC top name display_name version description value}
    if {[lindex $others 0] ni $known} { error "set_property: unknown property" }
}
proc do_create_project {options others} { file mkdir [lindex $others 1] }
proc do_add_files {options others} { must_exist [lindex $others 0]; lappend ::sources [lindex $others 0] }
proc do_current_fileset {options others} { return sources_1 }
# Interfaces are inferred from ports of the standard names, clock and reset from theirs.
proc do_ipx::package_project {options others} {
    if {![llength $::sources]} { error "ipx::package_project: no sources" }
    foreach option {-root_dir -vendor -library -taxonomy} { dict get $options $option }
    set ::interfaces {}
    foreach port $::env(PORTS) {
        if {[regexp {^(\w+)_(tvalid|awvalid|arvalid)$} $port whole bus] && $bus ni $::interfaces} {
            lappend ::interfaces $bus
        }
    }
}
proc do_ipx::current_core {options others} { return core }
proc do_ipx::get_bus_interfaces {options others} {
    if {[dict get $options -of_objects] ne "core"} { error "ipx::get_bus_interfaces: no core" }
    return [expr {[lindex $others 0] in $::interfaces ? [lindex $others 0] : ""}]
}
proc do_ipx::infer_bus_interface {options others} {
    lassign $others port type core
    if {$port ni $::env(PORTS)} { error "ipx::infer_bus_interface: no port $port" }
    if {$type ni {xilinx.com:signal:clock_rtl:1.0 xilinx.com:signal:reset_rtl:1.0}} { error "unknown type $type" }
    lappend ::interfaces $port
}
proc do_ipx::add_bus_parameter {options others} {
    if {[lindex $others 1] ni $::interfaces} { error "ipx::add_bus_parameter: no interface" }
    return [lindex $others 0]
}
proc do_ipx::associate_bus_interfaces {options others} {
    foreach option {-busif -clock} {
        if {[dict get $options $option] ni $::interfaces} { error "no interface [dict get $options $option]" }
    }
}
proc do_ipx::save_core {options others} { write_file $::env(CALLS).saved }
proc do_set_max_delay {options others} { dict get $options -from }
proc do_get_clocks {options others} {
    if {[lindex $others 0] ni $::clocks} { error "get_clocks: no clock $others" }
    return [lindex $others 0]
}
proc do_get_ports {options others} {
    foreach pattern [lindex $others 0] { if {$pattern ni $::env(PORTS)} { error "get_ports: no port $pattern" } }
    return [lindex $others 0]
}

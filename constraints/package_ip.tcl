# Package @top for the IP catalog of Vivado: vivado -mode batch -source package_ip.tcl
# The IP goes to the folder ip beside this script; add that folder to the IP repositories of a project.
# Ends with code 1 when a step fails.

set top @top
set part @part
set sources {@sources}
# Bus interfaces that Vivado infers from the standard names of their ports; all are of one clock.
set buses {@buses}

proc package {here} {
    global top part sources buses
    set ip [file join $here ip]
    create_project -force $top [file join $here ip_project] -part $part
    foreach source $sources { add_files -norecurse [file join $here $source] }
    set_property top $top [current_fileset]
    update_compile_order -fileset sources_1

    # -import_files copies the sources, so that the IP can be moved.
    ipx::package_project -root_dir $ip -vendor gradgate -library user -taxonomy /UserIP -import_files -force
    set core [ipx::current_core]
    set_property name $top $core
    set_property display_name $top $core
    set_property version @version $core
    set_property description {@description} $core

    foreach {port type} {@signals} {
        if {[llength [ipx::get_bus_interfaces -quiet $port -of_objects $core]] == 0} {
            ipx::infer_bus_interface $port xilinx.com:signal:${type}_rtl:1.0 $core
        }
    }
    # A reset is taken for active low unless it says otherwise.
    foreach reset [ipx::get_bus_interfaces -quiet rst -of_objects $core] {
        set_property value ACTIVE_HIGH [ipx::add_bus_parameter POLARITY $reset]
    }
    foreach bus $buses {
        if {[llength [ipx::get_bus_interfaces -quiet $bus -of_objects $core]] == 0} {
            error "Vivado has not inferred the interface $bus"
        }
        ipx::associate_bus_interfaces -busif $bus -clock clk $core
    }
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    ipx::check_integrity $core
    ipx::save_core $core
    close_project
}

if {[catch {package [file dirname [file normalize [info script]]]} message]} {
    puts stderr "Packaging of $top failed: $message"
    exit 1
}
exit 0

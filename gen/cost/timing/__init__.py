"""Static timing of a synthesised netlist: delays from open data, no place and route."""

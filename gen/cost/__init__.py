"""What a design takes of the FPGA."""

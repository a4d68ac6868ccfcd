"""What software sees of TaxoNN: configuration, maps, registers, orders."""

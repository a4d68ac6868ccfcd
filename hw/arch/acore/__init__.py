"""What software sees of the A-Core: configuration, chains, instructions, commands, microprograms."""

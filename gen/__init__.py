"""Generator, command line and (later) the compiler."""

"""From a component to the files of a generated design."""

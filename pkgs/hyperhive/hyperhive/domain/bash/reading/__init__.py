"""From text to the tree: a recursive descent, one class on top of the next."""

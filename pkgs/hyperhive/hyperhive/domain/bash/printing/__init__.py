"""From the tree to the text that runs."""

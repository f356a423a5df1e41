"""What built-ins, wrappers and usual programs do with their arguments."""

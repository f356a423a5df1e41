"""What the variables of a script can hold, and where Bash would evaluate them."""

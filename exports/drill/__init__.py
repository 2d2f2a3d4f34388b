"""The drill: what an operator is promised about recovery, tried on their own installation with an export of its own."""

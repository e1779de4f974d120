"""The shipped example: real instruments, invented accounts, and two days of orders; see `README.md`."""

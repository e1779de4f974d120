"""Every use of the decision and the brokers together: the live run, what-if runs, and the doors into them."""

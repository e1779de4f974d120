"""The outside world: what brokers trade, what money is there, how child orders are sent, what came back."""

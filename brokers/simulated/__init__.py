"""The playground: brokers whose truth (orders, executions, cash, positions) is kept in this process."""

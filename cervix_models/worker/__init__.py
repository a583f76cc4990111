"""Jobs done beside the application: a worker takes them from the store, and does each in a process
of its own, which can be stopped, killed and gone on with."""

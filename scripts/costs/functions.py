"""The memory of functions, how long each is assumed to be busy, and what a queue is asked for a message: nothing was tried on AWS."""

# terraform/variables-functions.tf: the memory of functions, in GB.
MESSAGE_GB = 256 / 1024
CONNECTIONS_GB = 256 / 1024
WORKER_GB = 128 / 1024
RELAY_GB = 128 / 1024

# Assumed, not measured.
MESSAGE_SECONDS = 0.010
WORKER_OWN_SECONDS = 0.200
# `upload`: a signature, and with signed handshakes a read of the connection's record.
OFFER_SECONDS = 0.010
# Five calls of the table and a push, one after the other.
RELAY_SECONDS = 0.100
# SendMessage, ReceiveMessage, DeleteMessage.
QUEUE_REQUESTS = 3

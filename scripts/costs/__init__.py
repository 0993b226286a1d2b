"""What the gateway costs on AWS: prices, what is charged for what happens, and the page of it."""

"""HTTP in: sources post CloudEvents, and hear that they are durable or why they are refused."""

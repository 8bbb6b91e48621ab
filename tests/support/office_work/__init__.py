"""A room of tests: kinds of jobs that do what a test wants."""

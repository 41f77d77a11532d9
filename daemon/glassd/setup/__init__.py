"""`glassd setup` on a board: what is there, what is asked, what is written; the command itself is glassd.cli.setup."""

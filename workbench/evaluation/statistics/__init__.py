"""How sure a number is: the bootstrap, paired tests, breakdowns."""

"""The search for the parameters that serve a data set best."""

"""Commands of the integration side; each is loaded when it is called."""
